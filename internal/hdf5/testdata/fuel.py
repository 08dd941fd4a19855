"""Makes fuel-old.h5 and fuel-new.h5 beside itself (h5py): the layout of image sets for metric learning, small."""
import pathlib

import h5py
import numpy as np


def make(path, **options):
    f = h5py.File(path, 'w', **options)
    f.create_dataset('images', (2, 3, 2, 2), 'uint8')[...] = np.arange(24).reshape(2, 3, 2, 2)
    targets = f.create_dataset('targets', (2, 1), 'int32')
    targets[...] = [[1], [2]]
    split = np.zeros(2, dtype=[('split', 'S5'), ('source', 'S7'), ('start', 'i8'), ('stop', 'i8'),
                               ('indices', h5py.ref_dtype), ('available', bool), ('comment', 'S1')])
    for i, name in enumerate(('train', 'test')):
        split[i] = (name, 'images', i, i + 1, targets.ref, True, '.')
    f.attrs['split'] = split
    f.attrs['title'] = 'variable'
    f.create_dataset('names', data=np.array(['ab', 'c'], dtype=object), dtype=h5py.string_dtype())
    f.close()


here = pathlib.Path(__file__).parent
make(here / 'fuel-old.h5')
make(here / 'fuel-new.h5', libver='latest')
