"""Pruned real models: ONNX Runtime loads them and gives what `pare run` gives, at two batch sizes
where the graph allows it. A third of every width that can go has gone, of all widths at once
(tests/prune/test_shrink_models writes them). Without the shared data: skipped. Arguments: parts of
the names of models to look at."""
import glob
import os
import subprocess
import sys

import numpy as np
import onnxruntime

from feeds import feed_of

PARE = os.environ["PARE"]
MODELS = os.path.join(os.environ.get("PARE_SHARED", ""), "data", "models")
MAKER = os.path.join(os.path.dirname(PARE), "tests", "prune-test_shrink_models")
SKIPPED = 77
LEAST = 80  # decibels that both runs agree to
HALVES = 30  # of models that compute in float16, where ONNX Runtime keeps halves in float32
MAGIKA = 50  # its norms take a square of means from a mean of squares
# Models that ONNX Runtime does not run as they are.
REFUSED = ["mnist-zoo.onnx"]
EXPECTED = 26


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_pare(path, feed):
    words = [PARE, "run", path, "--quiet", "--output-dir", "got"]
    for i, (name, x) in enumerate(feed.items()):
        np.save(f"in{i}.npy", x)
        words += ["--input", f"{name}=in{i}.npy"]
    for old in glob.glob("got/*"):
        os.remove(old)
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"pare run: {done.stderr}"
    return [np.load(f) for f in sorted(glob.glob("got/*.npy"))]


def decibels(got, want):
    got, want = got.astype(np.float64), want.astype(np.float64)
    error = ((got - want) ** 2).sum()
    return 10 * np.log10((want ** 2).sum() / error) if error else np.inf


def batches_of(session):
    """Sizes of the leading axes; None: as they are."""
    shapes = [given.shape for given in session.get_inputs() if given.shape]
    is_open = shapes and all(not isinstance(shape[0], int) for shape in shapes)
    return (1, 3) if is_open else (None,)


def agree(path, session, batch):
    feed = {name: np.concatenate([x[:1]] * batch) if batch and x.ndim else x
            for name, x in feed_of(session).items()}
    want = [np.asarray(x) for x in session.run(None, feed)]
    got = run_pare(path, feed)
    least = HALVES if "fp16" in path else MAGIKA if "magika" in path else LEAST
    worst = np.inf
    assert len(got) == len(want), f"{len(got)} outputs, expected {len(want)}"
    for x, given in zip(want, session.get_outputs()):
        same = [g for g in got if g.shape == x.shape and g.dtype == x.dtype]
        assert same, f"{given.name}: no output of its shape {x.shape}"
        worst = min(worst, max(decibels(g, x) for g in same))
        assert worst >= least, f"{given.name}: runs agree to {worst:.1f} dB only"
    return worst


def main():
    if not os.path.isdir(MODELS) or not os.path.exists(MAKER):
        print("no shared data")
        sys.exit(SKIPPED)
    os.makedirs("pruned")
    os.makedirs("got")
    only = {"PRUNE_ONLY": sys.argv[1]} if sys.argv[1:] else {}
    made = subprocess.run([MAKER], env=dict(os.environ, PRUNE_OUT="pruned", **only),
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stdout
    failed = n = 0
    for path in sorted(glob.glob("pruned/*.onnx")):
        if os.path.basename(path) in REFUSED:
            continue
        try:
            session = session_of(path)
            worst = [agree(path, session, batch) for batch in batches_of(session)]
            n += 1
            print(f"{path}: {len(worst)} batch sizes, runs agree to {min(worst):.0f} dB")
        except Exception as why:  # whatever ONNX Runtime raises
            failed += 1
            print(f"{path}: {why}")
    print(f"{n} models agree, {failed} do not")
    sys.exit(failed > 0 or (not only and n < EXPECTED))


main()
