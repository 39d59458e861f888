"""Arrays that NumPy wrote go through `pare run` of an Identity and come back as NumPy writes them,
byte for byte; test data of --vectors is read by onnx."""
import os
import subprocess
import sys

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PARE = os.environ["PARE"]
RNG = np.random.default_rng(1)
PLAIN = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float16", "float32", "float64", "complex64", "complex128"]
CARRIED = {"bfloat16": "uint16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8",
           "uint4": "uint8", "int4": "int8", "uint2": "uint8", "int2": "int8",
           "float4_e2m1fn": "uint8"}
SHAPES = [(), (1,), (7,), (2, 3), (3, 1, 5), (0, 4), (2, 3, 4, 5)]


def identity(dtype, rank):
    value = [helper.make_tensor_value_info(name, dtype, [None] * rank) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", value[:1],
                              value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)
    with open("m.onnx", "wb") as f:
        f.write(model.SerializeToString())


def run(*words):
    subprocess.run([PARE, "run", "m.onnx", "--quiet", *words], check=True)


def same_file(name, array):
    np.save("want.npy", np.ascontiguousarray(array).reshape(array.shape))
    got, want = (open(path, "rb").read() for path in (name, "want.npy"))
    assert got == want, f"{got[:200]!r} is not {want[:200]!r}"


def random(dtype, shape):
    if dtype == "bool":
        return RNG.integers(0, 2, shape).astype(bool)
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(RNG.bytes(n_bytes), dtype).reshape(shape)


def check_plain(name, shape):
    array = random(name, shape)
    identity(helper.np_dtype_to_tensor_dtype(np.dtype(name)), len(shape))
    for order in "CF":
        for version in (1, 2, 3):
            with open("x.npy", "wb") as f:
                np.lib.format.write_array(f, np.array(array, order=order), (version, 0))
            run("--input", "x=x.npy", "--output-dir", ".")
            same_file("y.npy", array)


def check_carried(name, shape):
    """The carrier goes in and out; what it stands for is what onnx reads from the test data."""
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = {"4": 4, "2": 2}.get(name[-1] if "int" in name else "4" if "float4" in name else "", 8)
    carrier = np.dtype(CARRIED[name])
    array = random(carrier, shape)
    if bits < 8:
        array = array & ((1 << bits) - 1)
        if carrier == np.int8:
            array = np.where(array >= 1 << (bits - 1), array - (1 << bits), array).astype(carrier)
    identity(helper.np_dtype_to_tensor_dtype(dtype), len(shape))
    np.save("x.npy", array)
    run("--input", "x=x.npy", "--output-dir", ".")
    same_file("y.npy", array)
    subprocess.run(["rm", "-rf", "v"], check=True)
    run("--input", "x=x.npy", "--output-dir", "v", "--vectors", "1")
    tensor = onnx.load_tensor("v/test_data_set_0/output_0.pb")
    assert tensor.name == "y"
    got = numpy_helper.to_array(tensor)
    want = array.astype(dtype) if "int" in name else array.view(dtype)
    assert got.dtype == dtype and got.tobytes() == want.tobytes(), f"{got}, not {want}"


def check_strings():
    words = np.array([["", "dog"], ["gr\u00fcn", "\u732b\U0001f408"]])
    identity(TensorProto.STRING, 2)
    for array in (words, words.T, np.asfortranarray(words)):
        np.save("x.npy", array)
        run("--input", "x=x.npy", "--output-dir", ".")
        same_file("y.npy", array)
    np.save("x.npy", np.array([[b"ab", b"c"]]))
    run("--input", "x=x.npy", "--output-dir", ".")
    same_file("y.npy", np.array([["ab", "c"]]))


def main():
    n = 0
    for shape in SHAPES:
        for name in PLAIN:
            check_plain(name, shape)
        for name in CARRIED:
            check_carried(name, shape)
        n += len(PLAIN) + len(CARRIED)
    check_strings()
    print(f"{n} arrays")
    return 0


sys.exit(main())
