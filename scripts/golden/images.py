"""Writes imageset/testdata/variants: an image file of every variant that dvml is to read, and beside it what Pillow reads.

For each FILE there is FILE.want.png, Pillow's pixels as dvml shows them (upright, what is transparent laid on white, 16 bits
cut to 8), or FILE.want.txt, the sentence with which it is left out. Needs Pillow 12 or later, pillow-heif and numpy:

    python scripts/golden/images.py
"""
import io
import pathlib
import struct
import warnings
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
warnings.simplefilter("ignore")
OUT = pathlib.Path(__file__).parents[2] / "imageset" / "testdata" / "variants"
W, H = 13, 10  # odd, so that rows need padding

rng = np.random.default_rng(5)
y, x = np.mgrid[0:H, 0:W]
RGB = np.stack([20 * x, 25 * y, (x * y * 7) % 256], -1).astype(np.uint8)
RGB[2:4, 2:5] = (255, 0, 0)
GREY = ((x * 19 + y * 11) % 256).astype(np.uint8)
BITS = ((x // 2 + y) % 2 * 255).astype(np.uint8)
SMOOTH = Image.fromarray(RGB).resize((40, 32), Image.Resampling.BICUBIC)


def save(name, data, want=None):
    """want is an image, a sentence, or None for what Pillow reads."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_bytes(data)
    if isinstance(want, str):
        (OUT / f"{name}.want.txt").write_text(want + "\n")
        return
    (want or shown(data, name)).save(OUT / f"{name}.want.png", optimize=True)


def shown(data, name=""):
    try:
        im = Image.open(io.BytesIO(data))
        im.load()
    except Exception as e:
        raise SystemExit(f"{name}: Pillow: {e}")
    im = ImageOps.exif_transpose(im)
    if im.mode in ("I;16", "I;16B", "I"):
        return Image.fromarray((np.asarray(im) >> 8).astype(np.uint8)).convert("RGB")
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        white = Image.new("RGBA", im.size, "white")
        white.alpha_composite(im.convert("RGBA"))
        return white.convert("RGB")
    return im.convert("RGB")


def encoded(im, format, **options):
    b = io.BytesIO()
    (im if isinstance(im, Image.Image) else Image.fromarray(im)).save(b, format, **options)
    return b.getvalue()


# BMP


def rows(a, bits):
    """Rows of samples packed to whole words."""
    a = np.asarray(a)
    if bits < 8:
        flat = np.unpackbits(a.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :].reshape(len(a), -1)
        packed = np.packbits(flat, axis=1)
    else:
        packed = np.ascontiguousarray(a).view(np.uint8).reshape(len(a), -1)
    return [bytes(r) + b"\0" * (-len(r) % 4) for r in packed]


def bmp(bits, body, size=40, compression=0, masks=(), palette=b"", w=W, h=H, colours=0, tail=b""):
    if size == 12:
        head = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", size, w, h, 1, bits, compression, len(body), 2835, 2835, colours, 0)
        m = struct.pack(f"<{len(masks)}I", *masks)
        head += m if size > 40 else b""
        head += b"\0" * (size - len(head))
        head += m if size == 40 else b""
    at = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(body), 0, 0, at) + head + palette + body + tail


def bmps():
    up = lambda r: b"".join(reversed(r))
    colours = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    pal4 = lambda n: b"".join(bytes(c) + b"\0" for c in colours[:n])
    pal3 = lambda n: b"".join(bytes(c) for c in colours[:n])
    index = {b: (x + y * 3) % (1 << b) for b in (1, 4, 8)}
    for b in (1, 4, 8):
        body = up(rows(index[b], b))
        save(f"pal{b}.bmp", bmp(b, body, palette=pal4(1 << b)))
        save(f"pal{b}-os2.bmp", bmp(b, body, size=12, palette=pal3(1 << b)))
        save(f"pal{b}-v5.bmp", bmp(b, body, size=124, palette=pal4(1 << b)))
    save("pal8-few.bmp", bmp(8, up(rows(index[8] % 9, 8)), palette=pal4(9), colours=9))
    save("pal8-grey.bmp", encoded(GREY, "BMP"))
    save("pal1-white-first.bmp", bmp(1, up(rows(index[1], 1)), palette=b"\xff\xff\xff\0\0\0\0\0"))
    bgr = RGB[:, :, ::-1]
    save("24.bmp", bmp(24, up(rows(bgr, 8))))
    save("24-down.bmp", bmp(24, b"".join(rows(bgr, 8)), h=-H))
    save("24-os2.bmp", bmp(24, up(rows(bgr, 8)), size=12))
    save("24-os2v2.bmp", bmp(24, up(rows(bgr, 8)), size=64))
    save("24-short.bmp", bmp(24, up(rows(bgr, 8)))[:-70], "cut short")
    for alpha, name in ((0, "alpha0"), (255, "alpha255"), (None, "alphas")):
        a = np.dstack([bgr, (GREY if alpha is None else np.full((H, W), alpha, np.uint8))])
        body = up(rows(a, 8))
        save(f"32-{name}.bmp", bmp(32, body))
        for size in (40, 52, 56, 108, 124):
            save(f"32-fields-{size}-{name}.bmp", bmp(32, body, size, 3, (0xFF0000, 0xFF00, 0xFF)[: 3 if size < 56 else 4] + ((0,) if size >= 56 else ())))
        for size in (56, 108, 124):
            want = Image.fromarray(RGB) if alpha == 0 else None  # programs that know nothing of alpha leave it 0
            save(f"32-fields-{size}-mask-{name}.bmp", bmp(32, body, size, 3, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)), want)
            save(f"32-rgb-{size}-{name}.bmp", bmp(32, body, size, 0))
    swapped = np.dstack([np.zeros((H, W), np.uint8), bgr])
    save("32-fields-high.bmp", bmp(32, up(rows(swapped, 8)), 40, 3, (0xFF000000, 0xFF0000, 0xFF00)))
    rgbx = np.dstack([RGB, np.zeros((H, W), np.uint8)])
    save("32-fields-bgr.bmp", bmp(32, up(rows(rgbx, 8)), 40, 3, (0xFF, 0xFF00, 0xFF0000)), Image.fromarray(RGB))
    r5, g5, g6, b5 = (RGB[..., 0] >> 3).astype("<u2"), (RGB[..., 1] >> 3).astype("<u2"), (RGB[..., 1] >> 2).astype("<u2"), (RGB[..., 2] >> 3).astype("<u2")
    save("16.bmp", bmp(16, up(rows(r5 << 10 | g5 << 5 | b5, 16))))
    save("16-555.bmp", bmp(16, up(rows(r5 << 10 | g5 << 5 | b5, 16)), 40, 3, (0x7C00, 0x3E0, 0x1F)))
    save("16-565.bmp", bmp(16, up(rows(r5 << 11 | g6 << 5 | b5, 16)), 40, 3, (0xF800, 0x7E0, 0x1F)))
    save("16-565-v4.bmp", bmp(16, up(rows(r5 << 11 | g6 << 5 | b5, 16)), 108, 3, (0xF800, 0x7E0, 0x1F, 0)))
    save("16-444.bmp", bmp(16, up(rows(r5 >> 1 << 8 | g5 >> 1 << 4 | b5 >> 1, 16)), 40, 3, (0xF00, 0xF0, 0xF)), "not supported here")
    rle(index, pal4)
    save("jpeg-inside.bmp", bmp(0, encoded(RGB, "JPEG"), 40, 4), "not supported here")
    save("header-only.bmp", bmp(24, b""), "cut short")


def rle(index, pal4):
    out = bytearray()
    for r in index[8][::-1] // 40:  # encoded runs
        i = 0
        while i < W:
            n = 1
            while i + n < W and r[i + n] == r[i]:
                n += 1
            out += bytes([n, r[i]])
            i += n
        out += b"\0\0"
    save("rle8.bmp", bmp(8, bytes(out) + b"\0\1", compression=1, palette=pal4(256)))
    out = bytearray()
    for r in index[8][::-1]:  # absolute runs, padded to words
        out += bytes([0, W]) + bytes(r.astype(np.uint8)) + b"\0" * (W % 2) + b"\0\0"
    save("rle8-absolute.bmp", bmp(8, bytes(out) + b"\0\1", compression=1, palette=pal4(256)))
    body = bytes([5, 1, 0, 2, 3, 1, 4, 2, 0, 0, W, 3, 0, 1])  # a skip, and an end before the last row; Pillow knows neither
    shown_rows = np.zeros((H, W), np.uint8)
    shown_rows[-1, :5], shown_rows[-2, 8:12], shown_rows[-3] = 1, 2, 3
    colours = np.frombuffer(pal4(256), np.uint8).reshape(-1, 4)[:, 2::-1]
    save("rle8-skips.bmp", bmp(8, body, compression=1, palette=pal4(256)), Image.fromarray(colours[shown_rows]))
    save("rle8-lines.bmp", bmp(8, b"".join(bytes([W, i + 1, 0, 0]) for i in range(H)) + b"\0\1", compression=1, palette=pal4(256)))
    save("rle8-no-end.bmp", bmp(8, b"".join(bytes([W, i + 1, 0, 0]) for i in range(H)), compression=1, palette=pal4(256)))
    out = bytearray()
    for r in index[4][::-1]:
        out += bytes([W - 5, r[0] << 4 | r[1], 0, 5, r[2] << 4 | r[3], r[4] << 4 | r[5], r[6] << 4, 0, 0, 0])
    save("rle4.bmp", bmp(4, bytes(out) + b"\0\1", compression=2, palette=pal4(16)))


# PNM


def pnms():
    line = lambda a: "\n".join(" ".join(map(str, r)) for r in a.reshape(H, -1)).encode() + b"\n"
    head = lambda p, top=None, w=W, h=H: f"{p}\n{w} {h}\n".encode() + (f"{top}\n".encode() if top else b"")
    bits = (BITS > 0).astype(np.uint8)
    save("1.pbm", head("P1") + line(bits))
    save("1-dense.pbm", head("P1") + b"".join(bytes(r + 48) + b"\n" for r in bits))
    save("2.pgm", b"P2 # a remark\n" + f"{W} # another\n{H}\n255\n".encode() + line(GREY))
    save("3.ppm", head("P3", 255) + line(RGB))
    save("3-max15.ppm", head("P3", 15) + line(RGB >> 4))
    save("4.pbm", head("P4") + np.packbits(bits, axis=1).tobytes())
    save("5.pgm", head("P5", 255) + GREY.tobytes())
    save("5-max100.pgm", head("P5", 100) + (GREY % 101).astype(np.uint8).tobytes())
    save("5-max65535.pgm", head("P5", 65535) + (GREY.astype(">u2") * 257).tobytes())
    save("6.ppm", head("P6", 255) + RGB.tobytes())
    save("6-max7.ppm", head("P6", 7) + (RGB >> 5).tobytes())
    save("6-max65535.ppm", head("P6", 65535) + (RGB.astype(">u2") * 257 - 3 * (RGB > 3)).astype(">u2").tobytes())
    save("6-max1000.ppm", head("P6", 1000) + (RGB.astype(">u2") * 3).tobytes())
    save("6-spaces.ppm", f"P6 {W}\t{H}\r\n# x\n255 ".encode() + RGB.tobytes())
    save("6-short.ppm", (head("P6", 255) + RGB.tobytes())[:-9], "cut short")
    save("6-tail.ppm", head("P6", 255) + RGB.tobytes() + b"more")


# TIFF

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 16: 8}


def tiff(tags, strips, big=False, order="<", tiled=False):
    """tags: {tag: (type, values)}. The strips are put first."""
    tags = dict(tags)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    at = 16 if big else 8
    offsets, body = [], b""
    for s in strips:
        offsets.append(at + len(body))
        body += s + b"\0" * (len(s) % 2)
    kind = 16 if big else 4
    tags[324 if tiled else 273] = (kind, offsets)
    tags[325 if tiled else 279] = (kind, [len(s) for s in strips])
    letters = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 7: "B", 16: "Q"}
    entries, extra, dir_at = b"", b"", at + len(body)
    inline = 8 if big else 4
    extra_at = dir_at + (8 if big else 2) + len(tags) * (20 if big else 12) + inline
    for tag in sorted(tags):
        t, values = tags[tag]
        values = list(values)
        n = len(values) // (2 if t == 5 else 1)
        data = struct.pack(f"{order}{len(values)}{letters[t]}", *values)
        if len(data) > inline:
            value = struct.pack(order + ("Q" if big else "I"), extra_at + len(extra))
            extra += data + b"\0" * (len(data) % 2)
        else:
            value = data + b"\0" * (inline - len(data))
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, t, n) + value
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    if big:
        head += struct.pack(order + "HHQ", 8, 0, dir_at)
    else:
        head += struct.pack(order + "I", dir_at)
    return head + body + count + entries + b"\0" * inline + extra


def tags(bits, photometric, samples=1, compression=1, rows=H, w=W, h=H, **more):
    t = {256: (3, [w]), 257: (3, [h]), 258: (3, [bits] * samples), 259: (3, [compression]), 262: (3, [photometric]),
         277: (3, [samples]), 278: (3, [rows])}
    t.update({int(k[1:]): v for k, v in more.items()})
    return t


def pack(a, bits, order="<"):
    a = np.asarray(a).reshape(len(a), -1)
    if bits == 16:
        return a.astype(order + "u2").tobytes()
    if bits == 8:
        return a.astype(np.uint8).tobytes()
    flat = np.unpackbits(a.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :].reshape(len(a), -1)
    return np.packbits(flat, axis=1).tobytes()


def reversed_bits(data):
    return bytes(int(f"{b:08b}"[::-1], 2) for b in data)


def tiffs():
    bits = (BITS > 0).astype(np.uint8)
    for order, mark in (("<", "le"), (">", "be")):
        for big in (False, True):
            b = "-big" if big else ""
            save(f"rgb-{mark}{b}.tif", tiff(tags(8, 2, 3), [RGB.tobytes()], big, order), Image.fromarray(RGB))
        save(f"grey16-{mark}.tif", tiff(tags(16, 1), [pack(GREY.astype(int) * 257 - GREY % 5, 16, order)], order=order))
        save(f"rgb16-{mark}.tif", tiff(tags(16, 2, 3), [pack(RGB.astype(int) * 256 + 77, 16, order)], order=order))
    for p in (0, 1):
        save(f"bits-{p}.tif", tiff(tags(1, p), [pack(bits, 1)]))
        save(f"bits-{p}-fill2.tif", tiff(tags(1, p, t266=(3, [2])), [reversed_bits(pack(bits, 1))]))
        for n in (2, 4):
            save(f"grey{n}-{p}.tif", tiff(tags(n, p), [pack(GREY >> (8 - n), n)]))
        save(f"grey8-{p}.tif", tiff(tags(8, p), [GREY.tobytes()]))
    save("grey16-0.tif", tiff(tags(16, 0), [pack(GREY.astype(int) * 257, 16)]), Image.fromarray(255 - GREY).convert("RGB"))
    save("grey8-1-fill2.tif", tiff(tags(8, 1, t266=(3, [2])), [reversed_bits(GREY.tobytes())]))
    palette = (3, [int(v) * 257 for v in rng.integers(0, 256, 768)])
    for n in (1, 2, 4, 8):
        p = (3, [v for i in range(3) for v in palette[1][i * 256 : i * 256 + (1 << n)]])
        save(f"pal{n}.tif", tiff(tags(n, 3, t320=p), [pack(GREY >> (8 - n), n)]))
    save("grey-alpha.tif", tiff(tags(8, 1, 2, t338=(3, [2])), [np.dstack([GREY, 255 - GREY]).tobytes()]))
    rgba = np.dstack([RGB, GREY])
    for extra, name in ((0, "unspec"), (2, "unassoc")):
        save(f"rgba-{name}.tif", tiff(tags(8, 2, 4, t338=(3, [extra])), [rgba.tobytes()]))
    pre = np.dstack([(RGB.astype(int) * GREY[..., None] // 255).astype(np.uint8), GREY])
    save("rgba-assoc.tif", tiff(tags(8, 2, 4, t338=(3, [1])), [pre.tobytes()]))
    save("rgb-extra-none.tif", tiff(tags(8, 2, 4), [rgba.tobytes()]))
    planes = [RGB[..., c].tobytes() for c in range(3)]
    save("planar.tif", tiff(tags(8, 2, 3, t284=(3, [2])), planes))
    half = [p[i * W : (i + 4) * W] for p in planes for i in range(0, H, 4)]
    save("planar-strips.tif", tiff(tags(8, 2, 3, rows=4, t284=(3, [2])), half))
    save("planar-deflate.tif", tiff(tags(8, 2, 3, 8, t284=(3, [2])), [zlib.compress(p) for p in planes]))
    save("planar16.tif", tiff(tags(16, 2, 3, t284=(3, [2])), [pack(RGB[..., c].astype(int) * 257, 16) for c in range(3)]),
         Image.fromarray(RGB))
    save("planar-rgba.tif", tiff(tags(8, 2, 4, t284=(3, [2]), t338=(3, [2])), [rgba[..., c].tobytes() for c in range(4)]))
    strips = [RGB[i : i + 3].tobytes() for i in range(0, H, 3)]
    save("strips.tif", tiff(tags(8, 2, 3, rows=3), strips))
    cmyk = np.dstack([RGB, GREY // 2])
    save("cmyk.tif", tiff(tags(8, 5, 4), [cmyk.tobytes()]))
    save("lab.tif", tiff(tags(8, 8, 3), [RGB.tobytes()]), "not supported here")
    save("float.tif", tiff(tags(32, 1, t339=(3, [3])), [GREY.astype("<f4").tobytes()]), "not supported here")
    save("signed.tif", tiff(tags(16, 1, t339=(3, [2])), [pack(GREY, 16)]), "not supported here")
    save("grey32.tif", tiff(tags(32, 1), [GREY.astype("<u4").tobytes()]), "not supported here")
    for n in ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"):
        for im, kind in ((RGB, "rgb"), (GREY, "grey"), (np.dstack([RGB, GREY]), "rgba")):
            save(f"{kind}-{n}.tif", encoded(im, "TIFF", compression=n))
    for n in ("tiff_lzw", "tiff_adobe_deflate"):
        for im, kind in ((RGB, "rgb"), (GREY, "grey")):
            save(f"{kind}-{n}-predictor.tif", encoded(im, "TIFF", compression=n, tiffinfo={317: 2}))
    d16 = np.diff(np.concatenate([np.zeros((H, 1)), GREY.astype(int) * 257], 1)).astype(np.int64) % 65536
    save("grey16-deflate-predictor.tif", tiff(tags(16, 1, 1, 8, t317=(3, [2])), [zlib.compress(pack(d16, 16))]))
    save("float-predictor.tif", tiff(tags(8, 1, 1, 8, t317=(3, [3])), [zlib.compress(GREY.tobytes())]), "not supported here")
    one = Image.fromarray(BITS).convert("1")
    for n in ("group3", "group4", "packbits", "tiff_lzw"):
        for p in (0, 1):
            save(f"{n}-{p}.tif", encoded(one, "TIFF", compression=n, tiffinfo={262: p}))
            if n[0] == "g":
                data = encoded(one, "TIFF", compression=n, tiffinfo={262: p})
                im = Image.open(io.BytesIO(data))
                at, size = im.tag_v2[273][0], im.tag_v2[279][0]
                code = data[at : at + size]
                t = tags(1, p, 1, {"group3": 3, "group4": 4}[n], t266=(3, [2]))
                if 292 in im.tag_v2:
                    t[292] = (4, [im.tag_v2[292]])
                save(f"{n}-{p}-fill2.tif", tiff(t, [reversed_bits(code)]))
    tile = np.zeros((2, 16, 16, 3), np.uint8)
    tile[0, :H, :W] = RGB
    save("tiles.tif", tiff({**{k: v for k, v in tags(8, 2, 3).items() if k != 278}, 322: (3, [16]), 323: (3, [16])}, [tile[0].tobytes()], tiled=True))
    wide = np.concatenate([RGB, RGB[:, ::-1]], 1)
    parts = np.zeros((16, 32, 3), np.uint8)
    parts[:H, : 2 * W] = wide
    t = {**{k: v for k, v in tags(8, 2, 3, w=2 * W).items() if k != 278}, 322: (3, [16]), 323: (3, [16])}
    save("tiles-two.tif", tiff(t, [parts[:, :16].tobytes(), parts[:, 16:].tobytes()], tiled=True))
    save("jpeg.tif", encoded(SMOOTH, "TIFF", compression="jpeg"), "not supported here")
    save("two-pages.tif", encoded(RGB, "TIFF", save_all=True, append_images=[Image.fromarray(GREY)]))
    save("turned.tif", tiff(tags(8, 2, 3, t274=(3, [6])), [RGB.tobytes()]))
    save("short.tif", tiff(tags(8, 2, 3, t273=(4, [8])), [RGB.tobytes()])[:200], "cut short")
    save("no-rows-per-strip.tif", tiff({k: v for k, v in tags(8, 2, 3).items() if k != 278}, [RGB.tobytes()]))
    save("zstd.tif", tiff(tags(8, 2, 3, 50000), [RGB.tobytes()]), "not supported here")


# PNG, GIF, WebP


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def pngs():
    save("rgb.png", encoded(RGB, "PNG"))
    save("no-iend.png", encoded(RGB, "PNG")[:-12])
    save("half-iend.png", encoded(RGB, "PNG")[:-6])
    save("tail.png", encoded(RGB, "PNG") + b"more")
    save("short.png", encoded(rng.integers(0, 256, (30, 30, 3)).astype(np.uint8), "PNG")[:-600], "cut short")
    flipped = bytearray(encoded(RGB, "PNG"))
    flipped[60] ^= 255
    save("damaged.png", bytes(flipped), "damaged")
    save("grey16.png", encoded(Image.fromarray((GREY.astype(np.uint16) * 257 - GREY % 7).astype(np.uint16)), "PNG"))
    rows = b"".join(b"\0" + (r.astype(">u2") * 256 + 200).tobytes() for r in RGB)
    head = lambda depth, kind: b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, kind, 0, 0, 0))
    end = chunk(b"IEND", b"")
    save("rgb16.png", head(16, 2) + chunk(b"IDAT", zlib.compress(rows)) + end)
    for n in (1, 2, 4):
        body = b"".join(b"\0" + pack((GREY >> (8 - n))[i : i + 1], n) for i in range(H))
        save(f"grey{n}.png", head(n, 0) + chunk(b"IDAT", zlib.compress(body)) + end)
        pal = bytes(rng.integers(0, 256, 3 << n).astype(np.uint8))
        save(f"pal{n}.png", head(n, 3) + chunk(b"PLTE", pal) + chunk(b"IDAT", zlib.compress(body)) + end)
    body = b"".join(b"\0" + bytes(r) for r in RGB)
    save("key.png", head(8, 2) + chunk(b"tRNS", struct.pack(">HHH", 255, 0, 0)) + chunk(b"IDAT", zlib.compress(body)) + end)
    save("gamma.png", head(8, 2) + chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"IDAT", zlib.compress(body)) + end)
    save("rgba.png", encoded(np.dstack([RGB, GREY]), "PNG"))
    save("grey-alpha.png", encoded(np.dstack([GREY, 255 - GREY]), "PNG"))
    save("animated.png", encoded(RGB, "PNG", save_all=True, append_images=[Image.fromarray(255 - RGB)]))
    save("interlaced.png", interlaced())
    for value in range(2, 9):
        save(f"turned{value}.png", encoded(RGB, "PNG", exif=exif(value)))
    text = "Raw profile type exif\0".encode() + b"\0" + zlib.compress(b"\nexif\n%8d\n" % len(raw(6)) + raw(6).hex().encode() + b"\n")
    save("turned-profile.png", head(8, 2) + chunk(b"zTXt", text) + chunk(b"IDAT", zlib.compress(body)) + end)
    save("turned-xmp.png", head(8, 2) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6)) + chunk(b"IDAT", zlib.compress(body)) + end)
    text = b"Raw profile type exif\0" + b"\nexif\n%8d\n" % len(raw(6)) + raw(6).hex().encode() + b"\n"
    save("turned-profile-text.png", head(8, 2) + chunk(b"tEXt", text) + chunk(b"IDAT", zlib.compress(body)) + end)
    text = b"XML:com.adobe.xmp\0\1\0en\0Metadaten\0" + zlib.compress(xmp(6))
    save("turned-xmp-packed.png", head(8, 2) + chunk(b"iTXt", text) + chunk(b"IDAT", zlib.compress(body)) + end)
    save("turned-after.png", head(8, 2) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"eXIf", raw(6)) + end)
    p = Image.fromarray(RGB).quantize(16)
    save("plain.gif", encoded(p, "GIF"))
    save("clear.gif", encoded(p, "GIF", transparency=3))
    save("animated.gif", encoded(p, "GIF", save_all=True, append_images=[p.transpose(0)]))
    save("short.gif", encoded(p, "GIF")[:-40], "cut short")
    save("no-trailer.gif", encoded(p, "GIF")[:-1])


def interlaced():
    out = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = RGB[y0::dy, x0::dx]
        if part.size:
            out += b"".join(b"\0" + r.tobytes() for r in part)
    head = struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(out)) + chunk(b"IEND", b"")


def webps():
    for q in (10, 60, 95):
        save(f"lossy{q}.webp", encoded(SMOOTH, "WEBP", quality=q))
    save("odd.webp", encoded(SMOOTH.crop((0, 0, 37, 29)), "WEBP", quality=80))
    save("one.webp", encoded(SMOOTH.crop((0, 0, 1, 1)), "WEBP", quality=80))
    save("thin.webp", encoded(SMOOTH.crop((0, 0, 1, 9)), "WEBP", quality=80))
    save("flat.webp", encoded(SMOOTH.crop((0, 0, 9, 1)), "WEBP", quality=80))
    save("lossless.webp", encoded(RGB, "WEBP", lossless=True))
    rgba = SMOOTH.convert("RGBA")
    rgba.putalpha(Image.fromarray(GREY).resize(SMOOTH.size))
    save("alpha.webp", encoded(rgba, "WEBP", quality=80))
    save("alpha-lossless.webp", encoded(rgba, "WEBP", lossless=True))
    for lossless in (False, True):
        for kind, im in (("", SMOOTH), ("-alpha", rgba)):
            more = [im.transpose(Image.Transpose.ROTATE_180)]
            save(f"animated{'-lossless' * lossless}{kind}.webp", encoded(im, "WEBP", save_all=True, append_images=more, lossless=lossless, duration=100))
    corner = Image.new("RGBA", SMOOTH.size)
    corner.paste(SMOOTH.crop((0, 0, 14, 12)), (10, 8))
    save("animated-corner.webp", encoded(corner, "WEBP", save_all=True, append_images=[rgba], lossless=True, duration=100))
    save("turned.webp", encoded(SMOOTH, "WEBP", quality=80, exif=exif(8)))
    save("turned-xmp.webp", encoded(SMOOTH, "WEBP", quality=80, xmp=xmp(3)))
    save("short.webp", encoded(SMOOTH, "WEBP", quality=95)[:-200], "cut short")


# JPEG, HEIC, AVIF: decoders differ by little; what is compared is that the image is the same one.


def raw(value, order="<", kind=3, count=1):
    mark = b"II" if order == "<" else b"MM"
    field = {3: struct.pack(order + "HH", value, 0), 4: struct.pack(order + "I", value), 1: bytes([value, 0, 0, 0])}[kind]
    return mark + struct.pack(order + "HIHHHI", 42, 8, 1, 0x112, kind, count) + field + b"\0\0\0\0"


def exif(value, **more):
    return b"Exif\0\0" + raw(value, **more)


def xmp(value, element=False):
    inner = f'><tiff:Orientation>{value}</tiff:Orientation></rdf:Description>' if element else f' tiff:Orientation="{value}"/>'
    return ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{inner}</rdf:RDF></x:xmpmeta>').encode()


def app(n, body):
    return b"\xff" + bytes([0xE0 + n]) + struct.pack(">H", len(body) + 2) + body


def jpegs():
    plain = encoded(SMOOTH, "JPEG", quality=92)
    put = lambda *segments: plain[:2] + b"".join(segments) + plain[2:]
    save("plain.jpg", plain)
    for name, options in {"444": {"subsampling": 0}, "422": {"subsampling": 1}, "progressive": {"progressive": True}, "optimised": {"optimize": True}}.items():
        save(f"{name}.jpg", encoded(SMOOTH, "JPEG", quality=92, **options))
    save("grey.jpg", encoded(SMOOTH.convert("L"), "JPEG", quality=92))
    save("cmyk.jpg", encoded(SMOOTH.convert("CMYK"), "JPEG", quality=92))
    save("rgb.jpg", encoded(SMOOTH, "JPEG", quality=92, keep_rgb=True))
    save("no-eoi.jpg", plain[:-2], "cut short")
    save("half.jpg", plain[: len(plain) // 2], "cut short")
    save("tail.jpg", plain + b"\0\0more")
    for value in range(1, 9):
        save(f"turned{value}.jpg", put(app(1, exif(value))))
    save("turned-long.jpg", put(app(1, exif(6, kind=4))))
    save("turned-long-be.jpg", put(app(1, exif(6, kind=4, order=">"))))
    save("turned-byte.jpg", put(app(1, exif(6, kind=1))))
    save("turned-first-of-two.jpg", put(app(1, exif(6)), app(1, exif(1))))
    save("turned-second-of-two.jpg", put(app(1, exif(1)), app(1, exif(6))))
    save("turned-xmp.jpg", put(app(1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(6))))
    save("turned-xmp-element.jpg", put(app(1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(8, True))))
    save("turned-exif-and-xmp.jpg", put(app(1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(8)), app(1, exif(6))))
    save("turned-exif-1-and-xmp.jpg", put(app(1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(8)), app(1, exif(1))))
    save("turned-two-values.jpg", put(app(1, exif(6, count=2))))
    save("turned-more-entries-said.jpg", put(app(1, exif(6)[:14] + b"\x09" + exif(6)[15:])))
    save("turned-over-two.jpg", put(app(1, exif(6)[:18]), app(1, b"Exif\0\0" + exif(6)[18:])))
    save("fill-bytes.jpg", put(b"\xff\xff\xff" + app(5, b"x")))
    i = plain.index(b"\xff\xc4")
    j = plain.index(b"\xff\xda")
    save("mjpeg.jpg", plain[:i] + plain[j:])
    restarts = encoded(SMOOTH, "JPEG", quality=92, restart_marker_rows=1)
    save("restarts.jpg", restarts)
    wrong = bytearray(restarts)
    at = [k for k in range(len(wrong) - 1) if wrong[k] == 0xFF and 0xD0 <= wrong[k + 1] <= 0xD7]
    wrong[at[0] + 1] = 0xD5
    save("restart-wrong.jpg", bytes(wrong))
    save("short-app.jpg", plain[:2] + b"\xff\xe5\x00\x00" + plain[2:])
    save("arithmetic.jpg", plain.replace(b"\xff\xc0", b"\xff\xc9", 1), "not supported here")
    twelve = bytearray(plain)
    twelve[twelve.index(b"\xff\xc0") + 4] = 12
    save("12bit.jpg", bytes(twelve), "not supported here")


def heifs():
    large = SMOOTH.resize((160, 120), Image.Resampling.BICUBIC)
    rgba = large.convert("RGBA")
    rgba.putalpha(128)
    save("plain.heic", encoded(large, "HEIF", quality=80))
    save("444.heic", encoded(large, "HEIF", quality=80, chroma=444))
    save("turned.heic", encoded(large, "HEIF", quality=80, exif=exif(6)))
    save("grey.heic", encoded(large.convert("L"), "HEIF", quality=80))
    save("alpha.heic", encoded(rgba, "HEIF", quality=80), "not supported here")
    save("small.heic", encoded(SMOOTH, "HEIF", quality=80), "not supported here")
    save("short.heic", encoded(large, "HEIF", quality=80)[:-100], "cut short")
    save("plain.avif", encoded(large, "AVIF", quality=80))
    save("444.avif", encoded(large, "AVIF", quality=80, subsampling="4:4:4"))
    save("alpha.avif", encoded(rgba, "AVIF", quality=80))
    for value in range(2, 9):
        save(f"turned{value}.avif", encoded(large, "AVIF", quality=60, exif=exif(value)))
    save("short.avif", encoded(large, "AVIF", quality=80)[:-100], "cut short")


if __name__ == "__main__":
    for old in OUT.glob("*"):
        old.unlink()
    for make in (bmps, pnms, tiffs, pngs, webps, jpegs, heifs):
        make()
    print(len([p for p in OUT.iterdir() if ".want." not in p.name]), "variants")
