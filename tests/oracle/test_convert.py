"""However convert stores the weights, ONNX's checker and ONNX Runtime take the result as they take
the model itself, and compute the same, bit for bit."""
import glob
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

PARE = os.environ["PARE"]
FOLDERS = [os.path.join(os.environ["TESTDATA"], "models")]
if "PARE_SHARED" in os.environ:
    FOLDERS.append(os.path.join(os.environ["PARE_SHARED"], "data", "models", "*"))
FLOATS = {"float16": np.float16, "float": np.float32, "double": np.float64}


def feed_of(session):
    """Something for every input; sizes that are not fixed become 2."""
    rng = np.random.default_rng(1)
    feed = {}
    for given in session.get_inputs():
        shape = [n if isinstance(n, int) else 2 for n in given.shape]
        kind = given.type[len("tensor("):-1]
        if kind in FLOATS:
            feed[given.name] = rng.standard_normal(shape).astype(FLOATS[kind])
        elif kind == "string":
            feed[given.name] = np.full(shape, "word", object)
        else:
            feed[given.name] = np.ones(shape, kind)
    return feed


def outcome(path):
    """What the checker says, whether the model loads, and its outputs; None: it does not run."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnx.checker.check_model(path)
        checked = True
    except onnx.checker.ValidationError:
        checked = False
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception:  # operators of other libraries
        return checked, False, None
    try:
        return checked, True, session.run(None, feed_of(session))
    except Exception:  # sizes that do not go together
        return checked, True, None


def same(got, want):
    if got[:2] != want[:2] or (got[2] is None) != (want[2] is None):
        return False
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) and a.dtype == object
               else np.asarray(a).tobytes() == np.asarray(b).tobytes()
               for a, b in zip(got[2] or [], want[2] or []))


def say(got):
    checked, loads, outputs = got
    return (f"{'accepted' if checked else 'refused'}, {'loads' if loads else 'does not load'}, " +
            ("does not run" if outputs is None else f"outputs {str(outputs)[:200]}"))


def convert(path, out, *options):
    subprocess.run([PARE, "convert", path, "-o", out, "--quiet", *options], check=True)
    return out


def check(path):
    """Returns whether the model runs; fails when a copy does not do what it does."""
    want = outcome(path)
    os.mkdir("copy")
    os.mkdir("alone")
    name = os.path.basename(path)
    outside = convert(path, "outside.onnx", "--external-data=1")
    copies = [convert(path, os.path.join("copy", name)), outside,
              convert(outside, os.path.join("alone", "inside.onnx"), "--embed")]
    for copy in copies:
        got = outcome(copy)
        assert same(got, want), f"{copy}: {say(got)}, not {say(want)}"
    return want[2] is not None


def main():
    paths = [p for folder in FOLDERS for p in sorted(glob.glob(os.path.join(folder, "*.onnx")))]
    failed = ran = 0
    for path in paths:
        try:
            ran += check(path)
        except Exception as e:  # each model is judged alone
            print(f"{path}: {type(e).__name__}: {str(e)[:500]}")
            failed += 1
        finally:
            subprocess.run(["rm", "-rf", *os.listdir(".")], check=True)
    print(f"{len(paths)} models, {ran} of them run by ONNX Runtime")
    return 1 if failed or ran < len(paths) // 2 else 0


sys.exit(main())
