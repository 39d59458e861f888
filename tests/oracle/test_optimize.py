"""What `convert --optimize` writes: ONNX's checker and ONNX Runtime take it as they take the model
itself, and it computes the same as far as rounding of other sums goes; nothing grew."""
import glob
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

from feeds import feed_of

PARE = os.environ["PARE"]
FOLDERS = [os.path.join(os.environ["TESTDATA"], "models")]
if "PARE_SHARED" in os.environ:
    FOLDERS.append(os.path.join(os.environ["PARE_SHARED"], "data", "models", "*"))
SPARE_BYTES = 512  # that a folded node may take more


def outcome(path):
    """What the checker says, and the outputs; None: it does not run."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        onnx.checker.check_model(path, full_check=True)
        checked = True
    except Exception:
        checked = False
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return checked, session.run(None, feed_of(session))
    except Exception:  # operators of other libraries, sizes that do not go together
        return checked, None


def same(got, want):
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    if want.dtype.kind != "f":
        return bool((got == want).all())
    scale = np.nanmax(np.abs(want.astype(np.float64)), initial=1e-30)
    return np.allclose(got, want, rtol=0, atol=scale * (4e-3 if want.dtype == np.float16 else 1e-5),
                       equal_nan=True)


def n_nodes(graph):
    inner = [a.g for n in graph.node for a in n.attribute if a.type == onnx.AttributeProto.GRAPH]
    return len(graph.node) + sum(n_nodes(g) for g in inner)


def check(path):
    """Returns nodes before and after, and whether the model runs."""
    out = "out.onnx"
    subprocess.run([PARE, "convert", path, "-o", out, "--quiet", "--optimize", "--embed"],
                   check=True)
    want, got = outcome(path), outcome(out)
    assert got[0] >= want[0], "the checker refuses it"
    assert (got[1] is None) == (want[1] is None), "it does not run" if want[1] else "it runs"
    for i, pair in enumerate(zip(got[1] or [], want[1] or [])):
        assert same(*pair), f"output {i}: {str(pair[0])[:200]}, not {str(pair[1])[:200]}"
    before, after = (onnx.load(p) for p in (path, out))
    nodes = n_nodes(before.graph), n_nodes(after.graph)
    for side in ("input", "output"):
        names = [[v.name for v in getattr(m.graph, side)] for m in (before, after)]
        assert names[0] == names[1], f"{side}s became {names[1]}"
    assert nodes[1] <= nodes[0]
    sizes = [m.ByteSize() for m in (before, after)]
    assert sizes[1] <= sizes[0] + SPARE_BYTES * (1 + nodes[0] - nodes[1]), f"bytes became {sizes}"
    return *nodes, want[1] is not None


def main():
    paths = [p for folder in FOLDERS for p in sorted(glob.glob(os.path.join(folder, "*.onnx")))]
    failed = ran = 0
    for path in paths:
        try:
            before, after, runs = check(path)
            ran += runs
            if before != after:
                print(f"{os.path.basename(path):40} {before:4} -> {after:4} nodes"
                      f"{'' if runs else ', not run by ONNX Runtime'}")
        except Exception as e:  # each model is judged alone
            print(f"{path}: {type(e).__name__}: {str(e)[:500]}")
            failed += 1
    print(f"{len(paths)} models, {ran} of them run by ONNX Runtime, {failed} failed")
    return 1 if failed or ran < len(paths) // 2 else 0


sys.exit(main())
