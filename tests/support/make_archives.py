#!/usr/bin/env python3
"""make_archives.py OUT: writes the archives and data sets that tests of formats/dataset read.

OUT/same/     one set of images in every container: folder, tar in several forms, zip
OUT/letters/  names beyond ASCII
OUT/hostile/  archives that must be refused, each for one reason
OUT/data/     arrays, IDX, CIFAR batches, test vectors, labels
"""
import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import zipfile
import zlib

out = sys.argv[1]


def path(*parts):
    full = os.path.join(out, *parts)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def write(data, *parts):
    with open(path(*parts), "wb") as f:
        f.write(data)


# --- one set in every container


def png(value, size=8):
    """A grey PNG of one shade, with a row that names it."""
    rows = b"".join(b"\0" + bytes((value * 7 + x * y) % 256 for x in range(size))
                    for y in range(size))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


# Classes of 24, 12 and 6 images; the last three are copies of other ones.
files = {}
for c, (name, n) in enumerate((("ant", 24), ("bee", 12), ("cat", 6))):
    for i in range(n):
        files[f"{name}/{i:03d}.png"] = png(40 * c + i)
files["ant/copy.png"] = files["ant/003.png"]
files["bee/copy.png"] = files["bee/004.png"]
files["cat/zopy.png"] = files["ant/005.png"]


def tar(entries, mode="w:", prefix="", format=tarfile.USTAR_FORMAT):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode, format=format) as t:
        folders = sorted({n.rsplit("/", 1)[0] for n, _ in entries if "/" in n})
        for folder in folders if prefix else ():
            info = tarfile.TarInfo(prefix + folder)
            info.type = tarfile.DIRTYPE
            t.addfile(info)
        for name, content in entries:
            info = tarfile.TarInfo(prefix + name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return data.getvalue()


def zip_of(entries, method):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as z:
        for name, content in entries:
            z.writestr(zipfile.ZipInfo(name), content, method)
    return data.getvalue()


def zstd(data):
    """A frame of raw blocks: what Python's library cannot compress, it can wrap."""
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\x58"  # no content size; a window of 2 MiB
    for at in range(0, len(data), 1 << 17):
        block = data[at:at + (1 << 17)]
        last = at + len(block) == len(data)
        frame += struct.pack("<I", len(block) << 3 | last)[:3] + block
    return frame


def junk(entries):
    """What systems leave in archives, to be passed over."""
    return [("._ant", b"x"), ("__MACOSX/ant/._000.png", b"x"), (".DS_Store", b"x")] + entries


entries = sorted(files.items())
for name, content in entries:
    write(content, "same", "folder", name)
write(tar(entries), "same", "plain.tar")
write(tar(entries[::-1]), "same", "reversed.tar")
write(tar(entries, prefix="./"), "same", "dots.tar")
write(tar(junk(entries)), "same", "junk.tar")
write(tar(entries, format=tarfile.PAX_FORMAT), "same", "pax.tar")
write(tar(entries, format=tarfile.GNU_FORMAT), "same", "gnu.tar")
write(gzip.compress(tar(entries), mtime=0), "same", "gzip.tar.gz")
write(bz2.compress(tar(entries)), "same", "bzip2.tar.bz2")
write(lzma.compress(tar(entries)), "same", "xz.tar.xz")
write(zstd(tar(entries)), "same", "zstd.tar.zst")
write(zip_of(entries, zipfile.ZIP_STORED), "same", "stored.zip")
write(zip_of(entries[::-1], zipfile.ZIP_DEFLATED), "same", "deflated.zip")
letters = [("caf\u00e9/\u732b.png", b"1")]
write(tar(letters), "letters", "ustar.tar")
write(tar(letters, format=tarfile.PAX_FORMAT), "letters", "pax.tar")
write(tar(letters, format=tarfile.GNU_FORMAT), "letters", "gnu.tar")
write(zip_of(letters, zipfile.ZIP_STORED), "letters", "utf8.zip")
lines = [f"{name} {'abc'.index(name[0])}\n" for name, _ in entries]
write("".join(lines).encode(), "same", "classes.txt")
for container in sorted(os.listdir(path("same", "x")[:-2])):
    if container == "classes.txt":
        continue
    for kind, labels in (("folders", "folders"), ("lines", "classes.txt")):
        text = (f"source: {container}\nlabels: {labels}\n"
                "preprocess: [{color: gray}, {divide: 255}]\n"
                "split: {calibrate: 12, eval: rest}\n")
        write(text.encode(), "same", f"{container}-{kind}.yaml")

# --- hostile archives


def one_tar(name="a.bin", content=b"x" * 10, **fields):
    data = io.BytesIO()
    format = fields.pop("format", tarfile.USTAR_FORMAT)
    with tarfile.open(fileobj=data, mode="w:", format=format) as t:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for key, value in fields.items():
            setattr(info, key, value)
        t.addfile(info, io.BytesIO(content) if info.size else None)
    return data.getvalue()


def hostile(name, data):
    write(data, "hostile", name)


plain = tar(entries)
hostile("empty.tar", b"")
hostile("no-entries.tar", b"\0" * 1024)
hostile("cut.tar", plain[:len(plain) // 2 + 100])
hostile("cut.tar.gz", gzip.compress(plain, mtime=0)[:-200])
hostile("cut.tar.xz", lzma.compress(plain)[:-100])
hostile("cut.tar.zst", zstd(plain)[:-5000])
hostile("damaged.tar.gz", bytes(b ^ 255 if i == 300 else b for i, b in
                                enumerate(gzip.compress(plain, mtime=0))))
hostile("dotdot.tar", one_tar("x/../../y.bin"))
hostile("absolute.tar", one_tar("/etc/y.bin"))
hostile("backslash.tar", one_tar("a\\b.bin"))
hostile("deep.tar", one_tar("/".join("abcdefghijklmnopqrst")))
hostile("long-part.tar", one_tar("n" * 300, format=tarfile.PAX_FORMAT))
hostile("long-path.tar", one_tar("/".join(["n" * 200] * 6), format=tarfile.PAX_FORMAT))
hostile("newline.tar", one_tar("a\n\x1b[31mb/../c", format=tarfile.PAX_FORMAT))
hostile("link.tar", one_tar("l", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
hostile("hard-link.tar", one_tar("l", b"", type=tarfile.LNKTYPE, linkname="a.bin"))
hostile("device.tar", one_tar("d", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3))
hostile("fifo.tar", one_tar("f", b"", type=tarfile.FIFOTYPE))
hostile("twice.tar", tar([("a.bin", b"1"), ("b.bin", b"2"), ("./a.bin", b"3")]))
hostile("pax-size.tar", one_tar(format=tarfile.PAX_FORMAT,
                                pax_headers={"size": "999999999999", "path": "a.bin"}))
hostile("sparse.tar", one_tar("s.bin", b"x" * 512, format=tarfile.PAX_FORMAT, pax_headers={
    "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "s.bin",
    "GNU.sparse.size": "1099511627776", "GNU.sparse.numblocks": "1",
    "GNU.sparse.map": "1099511627264,512"}))
bomb = tarfile.TarInfo("z.bin")
bomb.size = 300 << 20
hostile("bomb.tar.gz", gzip.compress(bomb.tobuf(tarfile.USTAR_FORMAT), mtime=0) +
        30 * gzip.compress(b"\0" * (10 << 20), mtime=0))
hostile("many.tar.gz", 250 * gzip.compress(b"".join(tarfile.TarInfo(f"{i}").tobuf(
    tarfile.USTAR_FORMAT) for i in range(1001)), mtime=0))
nested = plain
for _ in range(6):
    nested = gzip.compress(nested, mtime=0)
hostile("nested.tar.gz", nested)

stored = zip_of([("a.bin", b"first"), ("b.bin", b"other")], zipfile.ZIP_STORED)
hostile("cut.zip", stored[:-30])
hostile("encrypted.zip", stored[:6] + b"\1" + stored[7:].replace(
    b"PK\1\2\x14\x03\x14\x00\x00", b"PK\1\2\x14\x03\x14\x00\1"))
hostile("dotdot.zip", zip_of([("../a.bin", b"x")], zipfile.ZIP_STORED))
hostile("absolute.zip", zip_of([("/a.bin", b"x")], zipfile.ZIP_STORED))
hostile("twice.zip", stored.replace(b"b.bin", b"a.bin"))
link = zipfile.ZipInfo("l")
link.external_attr = 0o120777 << 16
link.create_system = 3
data = io.BytesIO()
with zipfile.ZipFile(data, "w") as z:
    z.writestr(link, "/etc/passwd")
hostile("link.zip", data.getvalue())
wrong = bytearray(zip_of([("a.bin", b"A" * 1000)], zipfile.ZIP_DEFLATED))
wrong[-100:] = bytes(wrong[-100:]).replace(struct.pack("<I", 1000), struct.pack("<I", 70000))
hostile("sizes.zip", bytes(wrong))
crc = bytearray(stored)
crc[stored.index(b"first")] ^= 1
hostile("checksum.zip", bytes(crc))


def overlapping():
    """Each file's data quotes the header of the next one and goes on with its data (Fifield 2019):
    twenty files that unpack to 6 MiB each out of the same 6 KiB."""
    content = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = b"\0" * (6 << 20)
    packed = content.compress(plain) + content.flush()
    blob = b""
    records = []  # (local header, distance from the end of the blob, sums, name)
    for i in range(20):
        if blob:
            header = records[-1][0]
            packed = b"\0" + struct.pack("<HH", len(header), len(header) ^ 0xffff) + blob
            plain = header + plain
        name = b"%05d" % i
        sums = struct.pack("<III", zlib.crc32(plain), len(packed), len(plain))
        local = (b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sums +
                 struct.pack("<HH", len(name), 0) + name)
        blob = local + packed
        records.append((local, len(blob), sums, name))
    central = b"".join(
        b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sums +
        struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, len(blob) - n) + name
        for _, n, sums, name in records)
    return blob + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 20, 20, len(central),
                                                    len(blob), 0)


hostile("overlap.zip", overlapping())

# --- arrays


def npy(dtype, shape, content):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (dtype, tuple(shape))
    text += " " * (63 - (len(text) + 10) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + content


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def data(name, content):
    write(content, "data", name)


def idx(code, shape, content):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + content


x = npy("<f4", (6, 2), floats(*range(12)))
meta = npy("<i8", (6, 3), struct.pack("<18q", *range(18)))
y = npy("|u1", (6,), bytes([0, 1, 2, 0, 1, 2]))
data("x.npy", x)
data("set.npz", zip_of([("x.npy", x), ("meta.npy", meta), ("labels.npy", y)], zipfile.ZIP_STORED))
data("packed.npz", zip_of([("x.npy", x), ("meta.npy", meta), ("labels.npy", y)],
                          zipfile.ZIP_DEFLATED))
data("tokens.npz", zip_of([("x.npy", x), ("labels.npy", npy("<i4", (6, 2), struct.pack(
    "<12i", *range(12))))], zipfile.ZIP_STORED))
data("nan.npz", zip_of([("x.npy", npy("<f4", (3, 2), floats(0, 1, 2, float("nan"), 4, 5)))],
                       zipfile.ZIP_STORED))
data("fortran.npy", npy("<f4", (2, 3), floats(0, 3, 1, 4, 2, 5)).replace(b"False", b"True "))
data("big.npy", npy("<i8", (2, 1), struct.pack("<2q", 5, 1 << 40)))
data("state.npy", npy("<f4", (1, 2), floats(7, 8)))
data("short-y.npy", npy("|u1", (5,), bytes(5)))
data("real-y.npy", npy("<f4", (6,), floats(*range(6))))
data("a-images-idx3-ubyte", idx(8, (3, 2, 2), bytes(range(12))))
data("a-labels-idx1-ubyte", idx(8, (3,), bytes([7, 8, 9])))
data("b-images-idx3-ubyte.gz", gzip.compress(idx(8, (3, 2, 2), bytes(range(12))), mtime=0))
data("b-labels-idx1-ubyte.gz", gzip.compress(idx(8, (3,), bytes([7, 8, 9])), mtime=0))
data("short.idx", idx(8, (3, 2, 2), bytes(11)))
data("wide.idx", idx(0x0c, (2, 1), struct.pack(">2i", 1, -2)))
for batch in range(2):
    data(f"cifar/data_batch_{batch + 1}.bin", b"".join(
        bytes([2 * batch + i]) + bytes((batch * 100 + i * 50 + k // 1024) % 256
                                       for k in range(3072)) for i in range(2)))
data("cifar/readme.html", b"text")
data("train100.bin", b"".join(bytes([i, 10 + i]) + bytes([i]) * 3072 for i in range(3)))
data("odd.bin", bytes(4000))


def tensor(values, name):
    """A TensorProto of floats [1, n]."""
    raw = floats(*values)
    return (b"\x08\x01\x08" + bytes([len(values)]) + b"\x10\x01\x42" + bytes([len(name)]) +
            name.encode() + b"\x4a" + bytes([len(raw)]) + raw)


for i in range(12):
    data(f"vectors/test_data_set_{i}/input_0.pb", tensor((i, i + 0.5), "a"))
    data(f"vectors/test_data_set_{i}/input_1.pb", tensor((-i,), "b"))
    data(f"vectors/test_data_set_{i}/output_0.pb", tensor((2 * i,), "c"))
data("bad-images/0.png", png(1))
data("bad-images/1.png", png(2)[:60])
data("bad-images/2.png", png(3))
data("one-class/only/0.png", png(1))
data("one-class/only/1.png", png(2))
data("numbers/1/0.png", png(1))
data("numbers/2/0.png", png(2))
data("numbers/10/0.png", png(3))
data("no-folder/a/0.png", png(1))
data("no-folder/1.png", png(2))
data("texts/notes.txt", b"text")
data("golden.npy", npy("<f4", (1, 2), floats(3, 4)))
data("golden-output.npy", npy("<f4", (1, 1), floats(9)))
os.symlink("../one-class/only/0.png", path("data", "links", "0.png"))
os.makedirs(path("data", "folder-links", "x")[:-2], exist_ok=True)
os.symlink("../one-class", path("data", "folder-links", "x"))
