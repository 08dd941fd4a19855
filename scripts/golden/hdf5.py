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
write("newest", libver="latest", chunks=(3, 3, 8, 8))  # read nowhere else either: refused with what to do
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
