"""The same model in ONNX Runtime and in pare: for tests that hold one against the other."""
import glob
import os
import subprocess

import numpy as np
import onnxruntime

from feeds import feed_of

PARE = os.environ["PARE"]


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
    """Sizes of the leading axes to run with; None: as they are."""
    shapes = [given.shape for given in session.get_inputs() if given.shape]
    is_open = shapes and all(not isinstance(shape[0], int) for shape in shapes)
    return (1, 3) if is_open else (None,)


def agreement(path, session, batch):
    """Decibels that the runs agree to, of the output that does least."""
    feed = {name: np.concatenate([x[:1]] * batch) if batch and x.ndim else x
            for name, x in feed_of(session).items()}
    want = [np.asarray(x) for x in session.run(None, feed)]
    got = run_pare(path, feed)
    worst = np.inf
    assert len(got) == len(want), f"{len(got)} outputs, expected {len(want)}"
    for x, given in zip(want, session.get_outputs()):
        same = [g for g in got if g.shape == x.shape and g.dtype == x.dtype]
        assert same, f"{given.name}: no output of its shape {x.shape}"
        worst = min(worst, max(decibels(g, x) for g in same))
    return worst
