"""Operators with run-time values that no operator allows, or that ask for all the memory there is:
`run` ends soon, with one line that names the node, and `convert --optimize` leaves them alone."""
import os
import subprocess
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PARE = os.environ["PARE"]
LEAST, MOST, HUGE = -2**63, 2**63 - 1, 2**50
MAX_SECONDS = 60  # a guard against hanging; also under sanitizers on a busy machine
WRONG = (3, 4, 5)  # bad input, unsupported, resources
FINE = (0, 3, 4)   # operators may also give infinities and NaN


def i64(*values):
    return np.array(values, np.int64)


def f32(*shape, value=1.0):
    return np.full(shape, value, np.float32)


def scalar(x, dtype=np.int64):
    return np.array(x, dtype)


def body(name, nodes, inputs, outputs):
    infos = [[helper.make_tensor_value_info(n, t, None) for n, t in side]
             for side in (inputs, outputs)]
    return helper.make_graph(nodes, name, *infos)


def endless():
    """Passes its condition on: as many trips as it is told."""
    node = helper.make_node
    return body("body", [node("Identity", ["c"], ["go"]), node("Identity", ["v"], ["w"])],
                [("i", TensorProto.INT64), ("c", TensorProto.BOOL), ("v", TensorProto.FLOAT)],
                [("go", TensorProto.BOOL), ("w", TensorProto.FLOAT)])


def rows():
    """(operator, inputs, attributes, exit statuses); the domain may stand in front."""
    x4, w4 = f32(1, 4, 8, 8), f32(4, 4, 3, 3)
    conv = dict(kernel_shape=[3, 3])
    yield "Conv", [x4, f32(4, 4, 3, 3, 3)], {}, WRONG
    for key, value in (("kernel_shape", [3]), ("strides", [1]), ("strides", [0, 1]),
                       ("dilations", [0, 1]), ("dilations", [1, 1, 1]), ("group", 0),
                       ("group", 3), ("group", MOST), ("group", -1), ("pads", [0, 0]),
                       ("pads", [LEAST] * 4), ("pads", [MOST] * 4), ("strides", [MOST, MOST]),
                       ("dilations", [MOST, MOST]), ("kernel_shape", [5, 5])):
        yield "Conv", [x4, w4], {**conv, key: value}, WRONG if key != "strides" or \
            value != [MOST, MOST] else FINE
    for op in ("MaxPool", "AveragePool", "LpPool"):
        yield op, [x4], dict(kernel_shape=[9, 9]), WRONG
        yield op, [x4], dict(kernel_shape=[HUGE, HUGE], pads=[HUGE] * 4), WRONG
        yield op, [x4], dict(kernel_shape=[2, 2], pads=[MOST] * 4), WRONG
        yield op, [x4], dict(kernel_shape=[2]), WRONG
        yield op, [x4], dict(kernel_shape=[0, 2]), WRONG
        yield op, [x4], dict(kernel_shape=[2, 2], strides=[0, 1]), WRONG
    yield "ConvTranspose", [x4, w4], dict(output_shape=[HUGE, HUGE]), WRONG
    yield "ConvTranspose", [x4, w4], dict(strides=[HUGE, HUGE]), WRONG
    for shape in ((-1, -1), (0, 0, 0, 0, 0), (7,), (HUGE, HUGE), (LEAST,), (-2,)):
        yield "Reshape", [x4, i64(*shape)], {}, WRONG
    for starts, ends, steps in ((0, 8, 0), (LEAST, MOST, LEAST)):
        yield "Slice", [x4, i64(starts), i64(ends), i64(3), i64(steps)], {}, \
            WRONG if steps == 0 else FINE
    yield "Slice", [x4, i64(0), i64(1), i64(9)], {}, WRONG
    yield "Split", [x4, i64(3, 3)], dict(axis=1), WRONG
    yield "Split", [x4, i64(MOST, MOST)], dict(axis=1), WRONG
    yield "Concat", [x4, x4], dict(axis=-9), WRONG
    yield "Transpose", [x4], dict(perm=[0, 0, 1, 2]), WRONG
    yield "Transpose", [x4], dict(perm=[0, 1]), WRONG
    yield "Pad", [x4, i64(0, 0, 0, -9, 0, 0, 0, 0)], {}, WRONG
    yield "Pad", [x4, i64(0, 0, 0, HUGE, 0, 0, 0, 0)], {}, WRONG
    yield "Pad", [x4, i64(*[MOST] * 8)], {}, WRONG
    yield "Pad", [x4, i64(0, 0, 0, 9, 0, 0, 0, 9)], dict(mode="reflect"), FINE
    for scale in (np.nan, np.inf, 1e30, -1, 0):
        yield "Resize", [x4, None, np.array([1, 1, scale, 1], np.float32)], {}, WRONG
    yield "Resize", [x4, None, None, i64(1, 4, HUGE, HUGE)], {}, WRONG
    yield "Resize", [x4, None, None, i64(1, 4, -8, 8)], {}, WRONG
    for index in (8, -9, LEAST, MOST):
        yield "Gather", [x4, i64(index)], dict(axis=3), WRONG
        yield "GatherElements", [f32(8), i64(index)], {}, WRONG
        yield "GatherND", [f32(8), i64(index).reshape(1, 1)], {}, WRONG
        yield "ScatterElements", [f32(8), i64(index), f32(1)], {}, WRONG
        yield "ScatterND", [f32(8), i64(index).reshape(1, 1), f32(1)], {}, WRONG
        yield "TopK", [f32(7), i64(index)], {}, WRONG
    yield "OneHot", [i64(0), scalar(HUGE), f32(2)], {}, WRONG
    yield "OneHot", [i64(0), scalar(-1), f32(2)], {}, WRONG
    yield "OneHot", [i64(LEAST), scalar(3), f32(2)], {}, FINE
    yield "NonMaxSuppression", [f32(1, 2, 4), f32(1, 1, 3), i64(MOST)], {}, WRONG
    yield "NonMaxSuppression", [f32(1, 2, 4), f32(1, 1, 2), i64(LEAST)], {}, FINE
    yield "Expand", [f32(1), i64(HUGE)], {}, WRONG
    yield "Expand", [f32(1), i64(2**31, 2**31, 2**31)], {}, WRONG
    yield "Expand", [f32(1), i64(-1)], {}, WRONG
    yield "Tile", [f32(8), i64(HUGE)], {}, WRONG
    yield "Tile", [f32(8), i64(LEAST)], {}, WRONG
    yield "Tile", [f32(8), i64(1, 1)], {}, WRONG
    yield "ConstantOfShape", [i64(HUGE)], {}, WRONG
    yield "ConstantOfShape", [i64(HUGE, HUGE)], {}, WRONG
    yield "ConstantOfShape", [i64(-1)], {}, WRONG
    yield "Range", [scalar(0), scalar(HUGE), scalar(1)], {}, WRONG
    yield "Range", [scalar(0), scalar(8), scalar(0)], {}, WRONG
    yield "Range", [scalar(LEAST), scalar(MOST), scalar(1)], {}, WRONG
    yield "Range", [scalar(0, np.float32), scalar(1, np.float32), scalar(1e-38, np.float32)], {}, \
        WRONG
    yield "Range", [scalar(0, np.float32), scalar(np.nan, np.float32), scalar(1, np.float32)], {}, \
        FINE
    yield "EyeLike", [f32(1)], {}, WRONG
    yield "Loop", [scalar(MOST), scalar(True, bool), f32(1)], dict(body=endless()), WRONG
    yield "Loop", [None, scalar(True, bool), f32(1)], dict(body=endless()), WRONG
    yield "Scan", [f32(1)], dict(body=endless(), num_scan_inputs=5), WRONG
    for scale in (0, np.nan, -1):
        yield "QuantizeLinear", [x4, scalar(scale, np.float32)], {}, FINE
        yield "DequantizeLinear", [np.ones(4, np.int8), scalar(scale, np.float32)], {}, FINE
    yield "QuantizeLinear", [x4, f32(3)], dict(axis=1), WRONG
    yield "QuantizeLinear", [x4, f32(4)], dict(axis=9), WRONG
    yield "QuantizeLinear", [x4, f32(1, 4, 8, 4)], dict(axis=3, block_size=0), FINE
    yield "QuantizeLinear", [x4, f32(1, 4, 8, 3)], dict(axis=3, block_size=3), FINE
    yield "QuantizeLinear", [x4, f32(1, 4, 8, 4)], dict(axis=3, block_size=MOST), WRONG
    yield "com.microsoft.MatMulNBits", [f32(1, 32), np.zeros((8, 1, 16), np.uint8), f32(8)], \
        dict(K=32, N=8, bits=3, block_size=32), WRONG
    yield "com.microsoft.MatMulNBits", [f32(1, 32), np.zeros((8, 1, 16), np.uint8), f32(8)], \
        dict(K=HUGE, N=HUGE, bits=4, block_size=32), WRONG
    for equation in ("", "i" * 200 + "->i", "...i...->i", "ij", "ij,jk->im", "i->ii", "->"):
        yield "Einsum", [f32(2, 2)], dict(equation=equation), \
            FINE if equation in ("", "ij") else WRONG
    yield "Einsum", [f32(2**8)] * 8, dict(equation="a,b,c,d,e,f,g,h->abcdefgh"), WRONG
    stats = [f32(4)] * 3
    yield "BatchNormalization", [x4, *stats, f32(3)], {}, WRONG
    yield "BatchNormalization", [x4, *stats, f32(4, value=-1.0)], {}, FINE
    yield "LSTM", [f32(3, 1, 2), f32(1, 8, 2), f32(1, 8, 2)], dict(hidden_size=HUGE), WRONG
    yield "LSTM", [f32(3, 1, 2), f32(1, 7, 2), f32(1, 8, 2)], dict(hidden_size=2), WRONG
    yield "DepthToSpace", [x4], dict(blocksize=0), WRONG
    yield "DepthToSpace", [x4], dict(blocksize=MOST), WRONG
    yield "SpaceToDepth", [x4], dict(blocksize=LEAST), WRONG
    yield "Unsqueeze", [f32(1), i64(*range(100))], {}, WRONG
    yield "CumSum", [f32(3), scalar(7, np.int32)], {}, WRONG
    yield "BitShift", [np.ones(1, np.uint8), np.full(1, 200, np.uint8)], \
        dict(direction="LEFT"), FINE
    yield "Div", [i64(LEAST, 1), i64(-1, 0)], {}, FINE
    yield "Mod", [i64(LEAST, 1), i64(-1, 0)], {}, FINE
    yield "Pow", [scalar(2), scalar(LEAST)], {}, FINE
    yield "HannWindow", [scalar(HUGE)], {}, WRONG
    yield "HannWindow", [scalar(-1)], {}, WRONG
    yield "DFT", [f32(1, 8, 1), scalar(HUGE)], {}, WRONG
    yield "RandomNormal", [], dict(shape=[HUGE]), WRONG
    yield "Multinomial", [f32(1, 4)], dict(sample_size=HUGE), WRONG


def write(operator, inputs, attrs):
    domain, _, name = operator.rpartition(".")
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    node = helper.make_node(name, names, ["y"], name="culprit", domain=domain, **attrs)
    constants = [numpy_helper.from_array(x, n) for x, n in zip(inputs, names) if n]
    out = onnx.ValueInfoProto(name="y")
    graph = helper.make_graph([node], "g", [], [out], constants)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    with open("m.onnx", "wb") as f:
        f.write(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


def pare(*words):
    begun = time.monotonic()
    done = subprocess.run([PARE, *words], capture_output=True, text=True, timeout=4 * MAX_SECONDS)
    assert time.monotonic() - begun < MAX_SECONDS, f"took {time.monotonic() - begun:.0f} s"
    return done


def check(operator, inputs, attrs, statuses):
    write(operator, inputs, attrs)
    done = pare("run", "m.onnx", "--max-memory", "512MiB", "--quiet")
    said = done.stderr.strip()
    assert done.returncode in statuses, f"exit status {done.returncode}: {said}"
    if done.returncode:
        assert "culprit" in said and said.count("\n") == 0, f"says: {said}"
    done = pare("convert", "m.onnx", "-o", "out.onnx", "--optimize", "--quiet", "--max-memory",
                "512MiB")
    assert done.returncode == 0, f"optimize: exit status {done.returncode}: {done.stderr}"
    return "cannot be run yet" not in said


def main():
    failed = n = ran = 0
    for operator, inputs, attrs, statuses in rows():
        n += 1
        try:
            ran += check(operator, inputs, attrs, statuses)
        except Exception as e:  # each row is judged alone
            values = [x if x is None or x.size < 9 else x.shape for x in inputs]
            shown = {k: v for k, v in attrs.items() if k != "body"}
            print(f"{operator} {values} {shown}: {type(e).__name__}: {str(e)[:300]}")
            failed += 1
    print(f"{n} rows, {ran} of them run, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
