"""Pruned real models: ONNX Runtime loads them and gives what `pare run` gives, at two batch sizes
where the graph allows it, and they give up the multiplications that they are to. Without the shared
data: skipped. Arguments: parts of the names of models to look at."""
import glob
import os
import subprocess
import sys

import numpy as np
import onnxruntime

from feeds import feed_of

PARE = os.environ["PARE"]
MODELS = os.path.join(os.environ.get("PARE_SHARED", ""), "data", "models")
SKIPPED = 77
# Model; further options; whether a third of the multiplications can go.
CASES = [
    ("audio/silero_vad_half", ["--shape", "input=1,576", "--shape", "state=2,1,128"], True),
    ("cifar10/ms-tutorial-cnn", [], True),
    ("cifar10/resnet20-bn", [], True),
    ("cifar10/resnet56", [], True),
    ("cifar10/vit-pgd_2_3_16", [], True),
    ("imagenet/mobilenetv2-1.0-224-deq", [], True),
    ("imagenet/mobilenetv2-imagenette10", [], True),
    ("imagenet/squeezenet-fp16", [], True),
    ("imagenet/squeezenet1.1", [], True),
    ("loader/cgan32-convtranspose", [], True),
    ("loader/mnist-concat-distshift", [], True),
    ("mnist/lenet-caffe", [], True),
    ("mnist/mnist-cntk-winml", [], True),
    ("text/bytegpt-4l128", ["--dim", "B=1,T=16"], True),
    ("text/sst2-transformer-2l128", [], True),
    ("tinyml/mlperf-tiny-ad-autoencoder", [], True),
    ("tinyml/mlperf-tiny-kws-dscnn", [], True),
    ("tinyml/mlperf-tiny-resnet8", [], True),
    ("tinyml/mlperf-tiny-vww-mbv1-0.25", [], True),
    ("vision/super_resolution", [], True),
    ("vision/ultraface-rfb-320", [], True),
]
LEAST = 80  # decibels that both runs agree to
HALVES = 30  # of a model that computes in float16, where ONNX Runtime keeps halves in float32


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
    """The sizes that a leading axis that is open can take."""
    open_axes = [not isinstance(x.shape[0], int) for x in session.get_inputs() if x.shape]
    return (1, 3) if open_axes and all(open_axes) else (None,)


def agree(session, name, batch):
    feed = {k: np.concatenate([x[:1]] * batch) if batch and x.ndim else x
            for k, x in feed_of(session).items()}
    want = session.run(None, feed)
    got = run_pare("out.onnx", feed)
    least = HALVES if name.endswith("fp16") else LEAST
    worst = np.inf
    assert len(got) == len(want), f"{len(got)} outputs, expected {len(want)}"
    for x, given in zip(want, session.get_outputs()):
        x = np.asarray(x)
        same = [g for g in got if g.shape == x.shape and g.dtype == x.dtype]
        assert same, f"{given.name}: no output of its shape {x.shape}"
        worst = min(worst, max(decibels(g, x) for g in same))
        assert worst >= least, f"{given.name}: runs agree to {worst:.1f} dB only"
    return worst


def prune(name, options):
    path = os.path.join(MODELS, name + ".onnx")
    done = subprocess.run([PARE, "prune", path, "-o", "out.onnx", "--max-macs", "70%",
                           "--round-to", "1", "--criterion", "l2", "--quiet"] + options,
                          capture_output=True, text=True)
    return done


def judge(name, options, gives_up):
    done = prune(name, options)
    assert done.returncode == (0 if gives_up else 1), \
        f"exit status {done.returncode}: {done.stderr}"
    path = "out.onnx" if gives_up else "out.rejected.onnx"
    session = session_of(path)
    agreed = [agree(session, name, batch) for batch in batches_of(session)]
    print(f"{name}: {len(agreed)} batch sizes, runs agree to {min(agreed):.0f} dB")


def main():
    if not os.path.isdir(MODELS):
        print("no shared data")
        sys.exit(SKIPPED)
    os.makedirs("got", exist_ok=True)
    failed = 0
    for name, options, gives_up in CASES:
        if sys.argv[1:] and not any(part in name for part in sys.argv[1:]):
            continue
        try:
            judge(name, options, gives_up)
        except (AssertionError, RuntimeError) as why:
            failed += 1
            print(f"{name}: {why}")
    sys.exit(failed > 0)


main()
