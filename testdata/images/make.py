#!/usr/bin/env python3
"""Makes the images of this folder, one per form of pixels, and NAME.raw: what Pillow reads in them
(RGB, or one channel for grey), row by row. `make.py [FOLDER]`, with Pillow and numpy."""
import io
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image

W, H = 19, 13


def picture():
    """Slopes, an edge and a little noise: what tells channels, places and rounding apart."""
    y, x = np.mgrid[0:H, 0:W]
    noise = np.random.default_rng(1).integers(0, 30, (H, W))
    return np.stack([x * 13, y * 19, np.where(x > y, 40, 200) + noise], -1).astype(np.uint8)


def interlaced(pixels):
    """A PNG of RGB in the seven passes of Adam7, which Pillow reads and does not write."""
    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    rows = b""
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                         (1, 0, 2, 2), (0, 1, 1, 2)):
        for row in pixels[y::dy, x::dx]:
            rows += b"\0" + row.tobytes() if row.size else b""
    head = struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 1)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def main(folder):
    rgb = Image.fromarray(picture())
    grey = rgb.convert("L")
    alpha = Image.fromarray((picture()[:, :, 0] // 2 + 60).astype(np.uint8))
    made = {}

    def add(name, image, **options):
        file = io.BytesIO()
        image.save(file, name.split(".")[-1].replace("jpg", "jpeg"), **options)
        made[name] = file.getvalue()

    add("rgb.jpg", rgb, quality=90)
    add("rgb-444.jpg", rgb, quality=95, subsampling=0)
    add("rgb-restart.jpg", rgb, quality=80, restart_marker_blocks=1)
    add("progressive.jpg", rgb, quality=85, progressive=True)
    add("grey.jpg", grey, quality=90)
    add("cmyk.jpg", rgb.convert("CMYK"), quality=90)
    add("keep-rgb.jpg", rgb, quality=90, keep_rgb=True)
    exif = Image.Exif()
    exif[0x112] = 6
    add("turned.jpg", rgb, quality=90, exif=exif)
    add("rgb.png", rgb)
    add("grey.png", grey)
    add("rgba.png", Image.merge("RGBA", (*rgb.split(), alpha)))
    add("la.png", Image.merge("LA", (grey, alpha)))
    add("palette.png", rgb.quantize(16))
    add("palette-clear.png", rgb.quantize(16), transparency=3)
    add("bit.png", grey.convert("1"))
    deep = Image.fromarray((picture()[:, :, 2].astype(np.uint16) * 257))
    add("grey16.png", deep)
    made["interlaced.png"] = interlaced(picture())
    for name, data in made.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        image = Image.open(io.BytesIO(data))
        if name == "grey16.png":
            pixels = (np.asarray(image) >> 8).astype(np.uint8)
        else:
            is_grey = image.mode in ("1", "L", "LA")
            pixels = np.asarray(image.convert("L" if is_grey else "RGB"))
        with open(os.path.join(folder, name + ".raw"), "wb") as f:
            f.write(pixels.tobytes())


main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
