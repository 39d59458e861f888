"""What ONNX Runtime makes of a quantized model, beside what pare says that it will
(`inspect --by-layer`): the graph that it writes after its own optimizations is the judge."""
import json
import os
import subprocess
from collections import Counter

import onnx
import onnxruntime

PARE = os.environ["PARE"]
KERNELS = {"QGemm", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "MatMulNBits", "ConvInteger",
           "MatMulInteger", "GatherBlockQuantized"}
MOVES = {"MaxPool", "ReduceMax", "ReduceMin", "Resize", "Expand", "Flatten", "Gather",
         "GatherElements", "Reshape", "Slice", "Squeeze", "Tile", "Unsqueeze", "Split"}
PAIRS = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
INTEGERS = (2, 3, 4, 5, 21, 22)  # element types of 16 bits and fewer
# The runtime gives fused nodes the name of the node they come from, with one of these behind it.
SUFFIXES = ("/MatMulAddFusion", "/GemmTransposeFusion/", "_new_reshape")


def optimized(path, signed=False):
    """signed: as on machines whose fast kernels are those of int8 by int8 (Arm)."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = "optimized.onnx"
    if signed:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return onnx.load("optimized.onnx", load_external_data=False)


def plain(name):
    for suffix in SUFFIXES:
        name = name.replace(suffix, "")
    return name


def found(model):
    """Integer kernels as (node, operator), moves of integers likewise, and pairs executed."""
    codes = {t.name for t in model.graph.initializer if t.data_type in INTEGERS}
    codes |= {v.name for v in model.graph.input if v.type.tensor_type.elem_type in INTEGERS}
    rows, pairs = set(), 0
    for node in model.graph.node:
        op, name = node.op_type, plain(node.name)
        reads = bool(node.input) and node.input[0] in codes
        moves = reads and (op in MOVES or op == "Transpose")
        if moves or op == "QuantizeLinear" or op.startswith("QLinear") or \
                (op == "QGemm" and len(node.input) > 7 and node.input[7]):
            codes.update(node.output)
        pairs += op in PAIRS
        if op.startswith("QLinear") or op in KERNELS:
            rows.add((name, op))
        elif moves and op in MOVES:
            rows.add((name, "int " + op))
    return rows, pairs


def said(path, target):
    """The same by pare, and all that it says."""
    run = subprocess.run([PARE, "inspect", path, "--by-layer", "--json", "--target", target],
                         capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{path}: {run.stderr}")
    fusion = json.loads(run.stdout)["fusion"][0]
    rows = set()
    for node in fusion["nodes"]:
        kernel = node["becomes"].split(".")[-1]
        if node["runs"] in ("integer", "weight-only"):
            rows.add((node["name"], kernel))
        elif node["runs"] == "move" and kernel in MOVES:
            rows.add((node["name"], "int " + kernel))
    return rows, fusion["executed_pairs"] + fusion["added_pairs"], fusion


class Tally:
    """Precision and recall over many models."""

    def __init__(self):
        self.right = self.extra = self.missed = self.models = self.off = self.refused = 0
        self.kinds = Counter()

    def add(self, path, target="ort-x64", signed=False):
        """Judges a model; what pare says of it, or None where the runtime does not load it."""
        name = os.path.basename(path)
        try:
            model = optimized(path, signed)
        except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
            self.refused += 1
            print(f"{name}: the runtime refuses it: {str(error)[-160:]}")
            return None
        have, pairs = found(model)
        given = {node.name for node in onnx.load(path, load_external_data=False).graph.node}
        have = {row for row in have if row[0] in given or not row[1].startswith("int ")}
        want, want_pairs, fusion = said(path, target)
        # Moves that the runtime merges with others (several Slice into a Split) have no name left.
        left = {plain(node.name) for node in model.graph.node}
        want = {row for row in want if row[0] in left or not row[1].startswith("int ")}
        self.models += 1
        self.right += len(have & want)
        self.extra += len(want - have)
        self.missed += len(have - want)
        self.kinds.update(op for _, op in have)
        self.off += pairs != want_pairs
        for row in sorted(want - have):
            print(f"{name}: says {row[1]} of {row[0]}, which it is not")
        for row in sorted(have - want):
            why = [n.get("reason", n["runs"]) for n in fusion["nodes"] if n["name"] == row[0]]
            print(f"{name}: {row[0]} is {row[1]}, which is not said: {why}")
        if pairs != want_pairs:
            print(f"{name}: {pairs} Q and DQ are executed, {want_pairs} are said to be")
        return fusion

    def show(self, what):
        kernels = self.right + self.missed
        print(f"{what}: {self.models} models, {kernels} kernels: precision "
              f"{self.right / max(1, self.right + self.extra):.4f}, recall "
              f"{self.right / max(1, kernels):.4f}; pairs counted wrongly in {self.off} models, "
              f"{self.refused} refused by the runtime")
        print("  " + ", ".join(f"{n} {op}" for op, n in self.kinds.most_common()))
        return self.extra + self.missed
