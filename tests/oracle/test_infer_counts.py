"""Shapes that pare infers, beside those of onnx.shape_inference with data propagation: over the
backend test data and the real models nothing may differ, and pare must know every
dimension that onnx knows."""
import glob
import json
import os
import subprocess
import sys

import onnx
from onnx import shape_inference

PARE = os.environ["PARE"]
SKIPPED = 77


def dims_of(shape):
    return [d.dim_value if d.HasField("dim_value") else None for d in shape.dim]


def onnx_dims(path):
    """Name of each tensor of the main graph to its dims; None where a dim is no number."""
    try:
        model = shape_inference.infer_shapes(onnx.load(path), data_prop=True)
    except Exception:  # its own refusals are not judged here
        return {}
    known, computed = {}, {name for node in model.graph.node for name in node.output}
    for value in list(model.graph.value_info) + list(model.graph.output):
        if value.name not in computed:
            continue
        if value.type.HasField("tensor_type") and value.type.tensor_type.HasField("shape"):
            known[value.name] = dims_of(value.type.tensor_type.shape)
    return known


def pare_dims(path):
    done = subprocess.run([PARE, "inspect", path, "--by-layer", "--json"], capture_output=True)
    if done.returncode:
        return {}
    known = {}
    for layer in json.loads(done.stdout)["layers"]:
        if layer["depth"] or layer["function"]:
            continue
        for output in layer["outputs"]:
            if "dims" in output:
                known[output["name"]] = [d if isinstance(d, int) else None for d in output["dims"]]
    return known


def count(dims):
    return sum(d is not None for d in dims)


def compare(path, totals, problems):
    theirs, ours = onnx_dims(path), pare_dims(path)
    less = 0
    for name, dims in theirs.items():
        if name not in ours:
            less += count(dims)
            continue
        mine = ours[name]
        if len(mine) != len(dims) or any(a != b and None not in (a, b) for a, b in zip(mine, dims)):
            problems.append(f"{path}: {name}: pare says {mine}, onnx says {dims}")
            continue
        totals["both"] += sum(None not in (a, b) for a, b in zip(mine, dims))
        less += sum(a is None and b is not None for a, b in zip(mine, dims))
        totals["more"] += sum(b is None and a is not None for a, b in zip(mine, dims))
    totals["more"] += sum(count(dims) for name, dims in ours.items() if name not in theirs)
    totals["less"] += less
    if less:
        problems.append(f"{path}: onnx knows {less} dimensions that pare does not")


def main():
    shared = os.environ.get("PARE_SHARED")
    # unpacked by the tests in C, which run before
    unpacked = os.path.join(os.path.dirname(PARE), "conformance")
    paths = sorted(glob.glob(os.path.join(unpacked, "**", "*.onnx"), recursive=True))
    paths += sorted(glob.glob(os.path.join(shared or "", "data", "models", "*", "*.onnx")))
    if not paths:
        print("skipped: there is no shared data")
        return SKIPPED
    totals, problems = {"both": 0, "more": 0, "less": 0}, []
    for path in paths:
        compare(path, totals, problems)
    print(f"{len(paths)} files: {totals['both']} dimensions known to both, {totals['more']} to "
          f"pare alone, {totals['less']} to onnx alone; {len(problems)} problems")
    print("\n".join(problems[:40]))
    return 1 if problems else 0


sys.exit(main())
