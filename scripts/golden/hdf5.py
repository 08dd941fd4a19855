"""Writes store/testdata: the layouts in which image sets are kept by other programs, by h5py. Usage: python scripts/golden/hdf5.py"""

import pathlib

import h5py
import numpy as np

out = pathlib.Path(__file__).parents[2] / "store" / "testdata"
out.mkdir(exist_ok=True)
# Image i, plane c, row y, column x holds (7 i + 50 c + 3 y + x) mod 256; targets are 1 1 2 2 ...
i, c, y, x = np.ogrid[:10, :3, :8, :8]
images = ((7 * i + 50 * c + 3 * y + x) % 256).astype(np.uint8)
targets = (np.arange(10, dtype=np.int32)[:, None] // 2) + 1


def write(name, libver="earliest", **layout):
    small = {k: v for k, v in layout.items() if k in ("compression", "shuffle", "fletcher32")}
    with h5py.File(out / f"{name}.h5", "w", libver=libver) as f:
        f.create_dataset("images", data=images, **layout)
        f.create_dataset("targets", data=targets, chunks=(4, 1), **small)


write("chunks", chunks=(3, 3, 8, 8))
write("gzip-shuffle", chunks=(4, 1, 8, 5), compression="gzip", shuffle=True)
write("lzf", chunks=(10, 3, 8, 8), compression="lzf")
write("fletcher32", chunks=(2, 3, 8, 8), fletcher32=True)
write("growing", chunks=(4, 3, 8, 8), maxshape=(None, 3, 8, 8), compression="gzip")
write("newest", libver="latest", chunks=(3, 3, 8, 8))
# The indices of chunks of HDF5 1.10 and later, with so many chunks that tables are cut into pages and trees have two levels.
write("newest-single", libver="latest", chunks=(10, 3, 8, 8), compression="gzip")
write("newest-table", libver="latest", chunks=(1, 1, 1, 1))
write("newest-table-gzip", libver="latest", chunks=(3, 1, 5, 5), compression="gzip", shuffle=True)
write("newest-table-larger", libver="latest", chunks=(3, 1, 5, 5), maxshape=(40, 3, 8, 16))
write("newest-array", libver="latest", chunks=(1, 1, 1, 1), maxshape=(None, 3, 8, 8))
write("newest-array-gzip", libver="latest", chunks=(2, 1, 3, 3), maxshape=(10, 3, None, 9), compression="gzip")
write("newest-tree", libver="latest", chunks=(1, 1, 2, 2), maxshape=(None, None, 8, 8))
write("newest-tree-gzip", libver="latest", chunks=(2, 1, 3, 3), maxshape=(None, 3, 8, None), compression="gzip", fletcher32=True)
with h5py.File(out / "newest-in-a-row.h5", "w", libver="latest") as f:
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((3, 3, 8, 4))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    d = h5py.h5d.create(f.id, b"images", h5py.h5t.NATIVE_UINT8, h5py.h5s.create_simple(images.shape), early)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, images)
    f.create_dataset("targets", data=targets)
write("scale-offset", chunks=(3, 3, 8, 8), scaleoffset=0)
with h5py.File(out / "soft-link.h5", "w") as f:
    f.create_dataset("data/pixels", data=images)
    f.create_dataset("targets", data=targets)
    f["images"] = h5py.SoftLink("/data/pixels")
with h5py.File(out / "soft-link-newest.h5", "w", libver="latest") as f:
    f.create_dataset("pixels", data=images)
    f.create_dataset("targets", data=targets)
    f["images"] = h5py.SoftLink("pixels")
with h5py.File(out / "circle.h5", "w") as f:
    f.create_dataset("targets", data=targets)
    f["images"] = h5py.SoftLink("/other")
    f["other"] = h5py.SoftLink("/images")
with h5py.File(out / "external-link.h5", "w") as f:
    f.create_dataset("targets", data=targets)
    f["images"] = h5py.ExternalLink("elsewhere.h5", "/images")
with h5py.File(out / "virtual.h5", "w", libver="latest") as f:
    layout = h5py.VirtualLayout(shape=images.shape, dtype=np.uint8)
    layout[:] = h5py.VirtualSource("elsewhere.h5", "images", shape=images.shape)
    f.create_virtual_dataset("images", layout)
    f.create_dataset("targets", data=targets)
