"""Makes the images beside it, of kinds that Go's encoders do not write. Needs Pillow and numpy."""
import numpy as np
from PIL import Image

W, H = 48, 32


def quadrants(w=W, h=H):
    """Red, green over blue, yellow."""
    a = np.zeros((h, w, 3), np.uint8)
    a[: h // 2, : w // 2] = (200, 30, 40)
    a[: h // 2, w // 2 :] = (30, 190, 50)
    a[h // 2 :, : w // 2] = (40, 60, 210)
    a[h // 2 :, w // 2 :] = (220, 210, 40)
    return Image.fromarray(a)


q = quadrants()
q.save("progressive.jpg", quality=95, progressive=True)
q.convert("CMYK").save("cmyk.jpg", quality=95)
q.convert("L").save("grey.jpg", quality=95)
q.save("lossy.webp", quality=95)
q.save("lossless.webp", lossless=True)
veiled = q.convert("RGBA")
veiled.putalpha(128)
veiled.save("veiled.webp", quality=95)
q.convert("P", palette=Image.Palette.ADAPTIVE).save("palette.png")
e = Image.Exif()
e[0x0112] = 6
q.rotate(90, expand=True).save("turned.webp", lossless=True, exif=e)  # shown turned by 90 degrees clockwise: the quadrants again
q.rotate(90, expand=True).save("turned.png", exif=e)
q.rotate(90, expand=True).save("turned.jpg", quality=95, exif=e)

rng = np.random.default_rng(1)
y, x = np.mgrid[0:61, 0:97]
texture = np.stack([127 + 90 * np.sin(x / 3), 127 + 90 * np.cos(y / 5 + x / 9), rng.integers(80, 176, x.shape)], -1).astype(np.uint8)
big = Image.fromarray(texture)
big.save("texture.png", optimize=True)
big.resize((24, 24), Image.Resampling.BICUBIC).save("texture-24.png", optimize=True)
big.resize((128, 128), Image.Resampling.BICUBIC).save("texture-128.png", optimize=True)
