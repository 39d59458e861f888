"""The models of testdata/models are valid ONNX and mean what README.md says of them."""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

FOLDER = os.path.join(os.environ["TESTDATA"], "models")
RNG = np.random.default_rng(1)

# Shape inference of onnx 1.22 does not know sparse initializers.
NOT_INFERRED = {"tiny_sparse"}


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def image(*shape):
    return {"image": floats(*shape)}


def initializers(name):
    model = onnx.load(os.path.join(FOLDER, name + ".onnx"))
    return {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}


def control_flow(flag):
    """The graph of tiny_control_flow.txt in numpy."""
    x, rows, trips = floats(4), floats(3, 4), 3
    weight = np.array([0.5, -1, 2, 0.25], np.float32)
    if flag:
        chosen = 2 * x * weight
    elif x.sum() > 1:
        chosen = np.minimum(x, 1)
    else:
        chosen = x + np.array([1, 2, 3, 4], np.float32)
    carried = [chosen * (i + 1) for i in range(trips)]
    states, state = [], np.zeros(4, np.float32)
    for row in rows:
        state = state * np.float32(0.5) + row
        states.append(state)
    feed = {"x": x, "flag": np.array(flag), "trips": np.array(trips), "rows": rows}
    return feed, [chosen, carried[-1], np.stack(carried) * weight, state, np.stack(states)]


def external():
    x, w = floats(3, 8), initializers("tiny_external")
    h = np.maximum(x @ w["first.weight"] + w["first.bias"], 0)
    return {"x": x}, [h @ w["second.weight"] + w["second.bias"]]


def functions():
    x, w = floats(3, 4), initializers("tiny_functions")
    h = x @ w["weight"] + w["bias"]
    h = np.where(h < 0, h * np.float32(0.1), h)
    return {"x": x}, [2 * h, 3 * h]


def metadata():
    x = floats(3, 2)
    h = x * np.array([0.5, 2], np.float32)
    return {"image": x}, [2 * np.where(h < 0, h * np.float32(0.25), h)]


def noncanonical():
    x = floats(2, 2, 3)
    weight = np.array([[0.5, -1, 2], [0.25, 1, -2]], np.float32)
    return {"x": x}, [(x * weight).transpose(0, 2, 1)]


def payloads():
    f32, f64 = np.array([0.5, -1.25, 3e38], np.float32), np.array([0.1, -1e300, 5e-324])
    return {}, [
        f32, f64, np.array([1, -1, -2**63]), np.array([0, 300, 2**64 - 1], np.uint64),
        np.array([0, 300, 2**32 - 1], np.uint32), np.array([0, -1, -2**31], np.int32),
        np.array([300, -300, -2**15], np.int16), np.array([5, -5, -128], np.int8),
        np.array([0, 300, 65535], np.uint16), np.array([0, 200, 255], np.uint8),
        np.array([True, False, True]), np.array([1, -2, 65504], np.float16),
        np.array([1, -2, 2**127], np.float32),
        np.array([0.5, 1, 3.5], np.float32), f32]


def shapes():
    x = floats(3, 2, 5, 6)
    merged = x.transpose(0, 2, 1, 3).reshape(3, 5, 12)
    return {"x": x}, [merged, np.ones((3, 5), np.float32), np.array(3 * 5 * 2)]


def sparse():
    x = floats(3, 4)
    first, second = np.zeros(20, np.float32), np.zeros((5, 3), np.float32)
    first[[1, 7, 19]] = [1.5, -2, 0.5]
    second[[0, 1, 2, 4], [0, 2, 1, 2]] = [1, 2, -1, 0.25]
    return {"x": x}, [x @ first.reshape(4, 5) @ second + np.array([0, 0, 0.75], np.float32)]


def strings():
    feed = {"ids": np.array([2, 0, 4, 1]), "words": np.array(["gr\u00fcn", "dog", "\u732b", ""])}
    labels = np.array(["gr\u00fcn!", "cat!", "\u732b!", "!"], dtype=object)
    return feed, [labels, np.array([True, False, True, True])]


# Name, inputs, outputs; without outputs, those of onnx's reference evaluator. None: only run.
IDS = RNG.integers(0, 32, (2, 7))
CASES = [
    ("tiny_all_dtypes", {"x": np.array(2, np.float32)}, [np.float32(3.5)]),
    ("tiny_control_flow", *control_flow(True)),
    ("tiny_control_flow", *control_flow(False)),
    ("tiny_depthwise", image(2, 3, 16, 16)),
    ("tiny_detector", image(1, 3, 32, 32), None),
    ("tiny_external", *external()),
    ("tiny_fp16", image(2, 3, 8, 8)),
    ("tiny_functions", *functions()),
    ("tiny_int4", {"x": floats(3, 32)}, None),
    ("tiny_metadata", *metadata()),
    ("tiny_noncanonical", *noncanonical()),
    ("tiny_payloads", *payloads()),
    ("tiny_qdq", image(2, 3, 8, 8)),
    ("tiny_residual", image(1, 3, 16, 16)),
    ("tiny_shapes", *shapes()),
    ("tiny_sparse", *sparse()),
    ("tiny_strings", *strings()),
    ("tiny_transformer_decomposed", {"ids": IDS[:1, :6]}),
    ("tiny_transformer_fused", {"ids": IDS}),
]


def same(got, want):
    if want is None:
        return True
    want = np.asarray(want)
    if got.shape != want.shape or (got.dtype != want.dtype and want.dtype != object):
        return False
    if want.dtype.kind != "f":
        return bool((got == want).all())
    tolerance = 5e-3 if want.dtype == np.float16 else 1e-4
    return np.allclose(got, want, rtol=tolerance, atol=tolerance)


def reference(path, feed):
    model = onnx.load(path)
    if any(node.op_type == "DequantizeLinear" for node in model.graph.node):
        model.opset_import[0].version = 19  # the first that the evaluator has; means the same here
    return ReferenceEvaluator(model).run(None, feed)


def run(name, feed, *wanted):
    path = os.path.join(FOLDER, name + ".onnx")
    onnx.checker.check_model(path, full_check=name not in NOT_INFERRED)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    got = session.run(None, feed)
    want = wanted[0] if wanted else reference(path, feed)
    assert want is None or len(want) == len(got), f"{len(got)} outputs"
    for output, a, b in zip(session.get_outputs(), got, want or [None] * len(got)):
        if a.dtype.kind == "f":
            assert np.isfinite(a).all(), f"{output.name} is not finite"
        if name == "tiny_qdq":  # one step of the last QuantizeLinear
            assert np.abs(a - b).max() <= 1.01 / 32, f"{output.name} is {a}, not {b}"
        elif name == "tiny_fp16":
            assert np.abs(a - b).max() <= 0.02, f"{output.name} is {a}, not {b}"
        else:
            assert same(a, b), f"{output.name} is {a}, not {b}"
    return got


def main():
    failed = 0
    untested = {f[:-5] for f in os.listdir(FOLDER) if f.endswith(".onnx")}
    for name, *rest in CASES:
        untested.discard(name)
        try:
            got = run(name, *rest)
            if name == "tiny_detector":
                scores, boxes, kept = got
                assert scores.shape == (1, 10) and boxes.shape == (1, 10, 4), "shape"
                assert 0 < len(kept) <= 6 and kept.shape[1] == 3, f"kept {kept.shape}"
                assert scores.max() - scores.min() > 1e-3, "all scores are alike"
        except Exception as e:  # each model is judged alone
            print(f"{name}: {type(e).__name__}: {e}")
            failed += 1
    if untested:
        print("no case for", *sorted(untested))
    return 1 if failed or untested else 0


sys.exit(main())
