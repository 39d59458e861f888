#!/usr/bin/env python3
"""npz.py OUT.npz NAME=TYPE:SHAPE:EXPRESSION...: writes arrays without NumPy. TYPE is f4 or i8,
SHAPE like 4,3, EXPRESSION Python in i, the index of the element, r, that of the row, and k, that
within the row. OUT may end in .npy, for one array."""
import math
import struct
import sys
import zipfile


def array(text):
    kind, shape, expression = text.split(":", 2)
    dims = [int(n) for n in shape.split(",")] if shape else []
    count = math.prod(dims)
    width = count // dims[0] if dims and dims[0] else 1
    code = compile(expression, "expression", "eval")
    names = {"math": math, "nan": math.nan, "inf": math.inf}
    values = [eval(code, names, {"i": i, "r": i // width, "k": i % width}) for i in range(count)]
    header = repr({"descr": "<" + kind, "fortran_order": False, "shape": tuple(dims)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
            struct.pack("<%d%s" % (count, "f" if kind == "f4" else "q"), *values))


def main():
    out, arrays = sys.argv[1], [a.split("=", 1) for a in sys.argv[2:]]
    if out.endswith(".npy"):
        with open(out, "wb") as f:
            f.write(array(arrays[0][1]))
        return
    with zipfile.ZipFile(out, "w") as z:
        for name, text in arrays:
            z.writestr(name + ".npy", array(text))


main()
