"""MACs and parameters of the real models, counted a second time: from the files, with the shapes
that onnx infers (where it cannot, those that ONNX Runtime gives zeros) and formulas of this page's
own. pare must say the same number, and of parameters what models.json lists."""
import glob
import json
import os
import subprocess
import sys
from math import prod

import numpy as np
import onnx
from onnx import shape_inference

PARE = os.environ["PARE"]
DATA = os.path.join(os.environ.get("PARE_SHARED", ""), "data")
SKIPPED = 77
TOKENS = {"T": 16, "sequence": 576, "unk__214": 1}  # of named dimensions; all others are 1
SHAPES = {"audio/silero_vad": {"input": [1, 576], "state": [2, 1, 128]}}  # declared as 0
# What hangs on other libraries' operators; and two detectors in one file, one of which fails on
# samples for the other.
OPEN = {"loader/qonnx-kwsmlp-w3a3", "loader/qonnx-tfc-2w2a", "loader/superres-with-pre-post-op18",
        "audio/silero_vad"}

# Silero's detector on 576 samples of 16 kHz, whose shapes inside of branches nobody infers: 258
# filters of 256 samples at 4 places, four convolutions of 3 taps, an LSTM of 128, one output.
SILERO = 4 * 258 * 256 + 3 * (4 * 128 * 129 + 2 * 64 * 128 + 64 * 64 + 128 * 64) \
    + 4 * 128 * (128 + 128) + 128
# Two convolutions of 5 x 5 and a product.
MNIST = 25 * 8 * 28 * 28 + 25 * 8 * 16 * 14 * 14 + 256 * 10
BY_HAND = {"mnist/mnist-zoo": MNIST, "audio/silero_vad_half": SILERO,
           "audio/silero_vad_op18_ifless": SILERO}


class Unknown(Exception):
    """A shape that onnx does not infer."""


def bind(model, name):
    """Gives every input a shape of numbers; returns how pare is told."""
    words = []
    given = SHAPES.get(name, {})
    weights = {t.name for t in model.graph.initializer}
    for value in model.graph.input:
        if value.name in weights or not value.type.tensor_type.HasField("shape"):
            continue
        dims = value.type.tensor_type.shape.dim
        sizes = given.get(value.name) or [
            d.dim_value if d.HasField("dim_value") and d.dim_value > 0
            else TOKENS.get(d.dim_param, 1) for d in dims]
        for dim, size in zip(dims, sizes):
            dim.Clear()
            dim.dim_value = size
        if sizes:
            words += ["--shape", f"{value.name}={','.join(map(str, sizes))}"]
    for value in list(model.graph.output) + list(model.graph.value_info):
        value.type.tensor_type.ClearField("shape")  # of the symbols' old values
    return words


def shapes_of(graph, outer):
    known = dict(outer)
    for tensor in graph.initializer:
        known[tensor.name] = list(tensor.dims)
    for node in graph.node:
        for attr in node.attribute if node.op_type == "Constant" else ():
            if attr.name == "value":
                known[node.output[0]] = list(attr.t.dims)
    for value in list(graph.input) + list(graph.value_info) + list(graph.output):
        shape = value.type.tensor_type.shape
        if value.type.tensor_type.HasField("shape") and all(d.HasField("dim_value")
                                                            for d in shape.dim):
            known[value.name] = [d.dim_value for d in shape.dim]
    return known


def attribute(node, name, default=None):
    for attr in node.attribute:
        if attr.name == name:
            return onnx.helper.get_attribute_value(attr)
    return default


def recurrent(shape, node, gates):
    x, w, r = (shape(node.input[i]) for i in range(3))
    return w[0] * x[0] * x[1] * gates * r[2] * (x[2] + r[2])


def einsum(shape, node):
    left = attribute(node, "equation").decode().replace(" ", "").split("->")[0].split(",")
    assert len(left) == 2, "an Einsum of two operands"
    size = {}
    for term, name in zip(left, node.input):
        size.update(zip(term, shape(name)))
    return prod(size.values())


# By operator: what each element of the output takes, or the whole.
FORMULAS = {
    "Conv": lambda s, n: prod(s(n.output[0])) * prod(s(n.input[1])[1:]),
    "QLinearConv": lambda s, n: prod(s(n.output[0])) * prod(s(n.input[3])[1:]),
    "ConvInteger": lambda s, n: prod(s(n.output[0])) * prod(s(n.input[1])[1:]),
    "ConvTranspose": lambda s, n: prod(s(n.input[0])) * prod(s(n.input[1])[1:]),
    "Gemm": lambda s, n: prod(s(n.output[0])) * s(n.input[0])[0 if attribute(n, "transA") else 1],
    "MatMul": lambda s, n: prod(s(n.output[0])) * s(n.input[0])[-1],
    "MatMulInteger": lambda s, n: prod(s(n.output[0])) * s(n.input[0])[-1],
    "QLinearMatMul": lambda s, n: prod(s(n.output[0])) * s(n.input[0])[-1],
    "Einsum": einsum,
    "LSTM": lambda s, n: recurrent(s, n, 4),
    "GRU": lambda s, n: recurrent(s, n, 3),
    "RNN": lambda s, n: recurrent(s, n, 1),
}


def live_nodes(graph):
    """Nodes that an output needs and that constants alone do not make."""
    constant = {t.name for t in graph.initializer}
    needed, live = {o.name for o in graph.output}, []
    for node in graph.node:
        if not any(a.HasField("g") for a in node.attribute) and \
                all(not i or i in constant for i in node.input):
            constant.update(node.output)
    for node in reversed(graph.node):
        if not needed & set(node.output) or set(node.output) <= constant:
            continue
        live.append(node)
        needed.update(node.input)
        for attr in node.attribute:
            if attr.HasField("g"):
                needed.update(i for inner in attr.g.node for i in inner.input)
    return live


def measured(model):
    """Shapes of all values of the main graph when it is run on zeros."""
    import onnxruntime

    model = onnx.ModelProto.FromString(model.SerializeToString())
    names = [name for node in model.graph.node for name in node.output if name]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16,
             "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    feed = {i.name: np.zeros(i.shape, kinds[i.type]) for i in session.get_inputs()}
    return {n: list(v.shape) for n, v in zip(names, session.run(names, feed))}


def count(graph, outer):
    known = {**shapes_of(graph, outer), **outer}

    def shape(name):
        if name not in known:
            raise Unknown(name)
        return known[name]

    total = 0
    for node in live_nodes(graph):
        if any(a.HasField("g") for a in node.attribute):
            raise Unknown(node.op_type)
        if node.op_type in FORMULAS and node.domain in ("", "ai.onnx"):
            total += FORMULAS[node.op_type](shape, node)
    return total


def pare_cost(path, words):
    done = subprocess.run([PARE, "inspect", path, "--json", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    whole = json.loads(done.stdout)
    return whole["params"], whole["cost"]


def check(path, listed):
    name = os.path.relpath(path, os.path.join(DATA, "models"))[:-len(".onnx")]
    model = onnx.load(path)
    words = bind(model, name)
    params, cost = pare_cost(path, words)
    assert params == listed, f"{params} parameters, models.json lists {listed}"
    if name in OPEN:
        assert cost["unmodelled"], "what is not counted must be named"
        return f"{len(cost['unmodelled'])} nodes not counted, and named"
    assert not cost["unmodelled"], f"not counted: {cost['unmodelled']}"
    macs = cost["on"][0]["macs"]
    if name in BY_HAND:
        want = BY_HAND[name]
    else:
        inferred = shape_inference.infer_shapes(model, data_prop=True)
        try:
            want = count(inferred.graph, {})
        except Unknown:
            want = count(model.graph, measured(model))
    assert macs == want, f"{macs} MACs, expected {want}"
    return f"{macs}"


def main():
    if not os.path.isdir(os.path.join(DATA, "models")):
        print("skipped: no shared data")
        return SKIPPED
    with open(os.path.join(DATA, "models.json")) as f:
        listed = json.load(f)
    failed = 0
    for path in sorted(glob.glob(os.path.join(DATA, "models", "**", "*.onnx"), recursive=True)):
        name = os.path.relpath(path, DATA)
        try:
            print(f"{name}: {check(path, listed[name]['params'])}")
        except (AssertionError, Unknown) as e:
            failed += 1
            print(f"{name}: {type(e).__name__}: {e}")
    print(f"{failed} failed")
    return 1 if failed else 0


sys.exit(main())
