"""Decoding and resizing against Pillow: the same bytes for PNG and for every filter and size, JPEG
within one level (versions of libjpeg differ by that)."""
import os
import random
import subprocess
import sys
import tarfile

import numpy as np
from PIL import Image

BENCH = os.path.join(os.path.dirname(os.environ["PARE"]), "tests", "bench-images")
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
SIZES = [(224, 224), (256, 192), (1, 1), (7, 300), (37, 41), (640, 480), (29, 31), (256, 341)]


def pixels(path, *resize):
    result = subprocess.run([BENCH, "--pixels", path, *map(str, resize)], capture_output=True)
    assert result.returncode == 0, (path, result.stderr)
    head, _, rest = result.stdout.partition(b"\n")
    width, height, channels = map(int, head.split())
    return np.frombuffer(rest, np.uint8).reshape(height, width, channels)


def as_array(image):
    a = np.asarray(image)
    return a.reshape(a.shape[0], a.shape[1], -1)


def files():
    """Images of testdata, and real photographs where there are some."""
    folder = os.path.join(os.environ["TESTDATA"], "images")
    names = sorted(n for n in os.listdir(folder) if n.endswith((".jpg", ".png")))
    found = [os.path.join(folder, n) for n in names if n != "grey16.png"]
    shared = os.environ.get("PARE_SHARED")
    for name in ("imagenet/val-calib.tar", "imagenette160/train-calib.tar") if shared else ():
        archive = tarfile.open(os.path.join(shared, "data", name))
        members = [m for m in archive.getmembers() if m.isfile()]
        for i, member in enumerate(random.sample(members, 25)):
            path = f"{os.path.basename(name)}-{i}.jpg"
            with open(path, "wb") as f:
                f.write(archive.extractfile(member).read())
            found.append(path)
    return found


random.seed(1)
count = 0
for path in files():
    image = Image.open(path)
    image = image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    ours = pixels(path)
    worst = np.abs(as_array(image).astype(int) - ours).max()
    assert worst <= (1 if path.endswith(".jpg") else 0), (path, worst)
    image = Image.fromarray(ours if ours.shape[2] == 3 else ours[:, :, 0])
    image.save("same.png")
    for name, code in FILTERS.items():
        width, height = random.choice(SIZES)
        # Rows before columns, said to every version of Pillow; nearest has no order.
        if code:
            want = image.resize((width, image.height), code).resize((width, height), code)
        else:
            want = image.resize((width, height), code)
        got = pixels("same.png", width, height, name)
        assert np.array_equal(as_array(want), got), (path, name, width, height)
        if name == "bilinear":
            at_once = as_array(image.resize((width, height), code)).astype(int)
            assert np.abs(at_once - got).max() <= 1, (path, width, height)
        count += 1
print(f"{count} resized images are Pillow's")
sys.exit(0)
