"""Weights in few bits, and floats of 16 bits, on real models: ONNX Runtime loads and runs what is
written, `pare run` computes what it computes, and the files are as small as they should be. Without
the shared data: skipped."""
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
# Model; how small the file of each form may stay at the most, as a share: int8, int4, float16.
CASES = [
    ("text/sst2-transformer-2l128", 0.28, 0.25, 0.51),
    ("text/bytegpt-4l128", 0.31, 0.24, 0.52),
    ("text/magika-standard_v3_3", 0.27, 0.20, 0.51),
    ("cifar10/vit-pgd_2_3_16", 0.37, 0.31, 0.55),
    ("imagenet/squeezenet1.1", 0.27, 0.22, 0.51),
    ("imagenet/squeezenet-fp16", 0.52, 0.42, 1.01),
    ("cifar10/resnet20-bn", 0.30, 0.20, 0.52),
    ("mnist/lenet-caffe", 0.29, 0.17, 0.51),
    ("audio/silero_vad", 0.65, 0.60, 0.55),
    ("audio/dtln_2", 0.28, 0.24, 0.52),
    ("vision/ultraface-rfb-320", 0.37, 0.30, 0.52),
]
# Decibels that both runs agree to: with activations in 8 bits (accuracy_level 4) a number between
# two codes may go either way; ONNX Runtime keeps halves in float32 where pare rounds them.
LEAST = {"int8": 60, "int4": 60, "float16": 40}
HALVES = 30  # of a model that computes in float16


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
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def decibels(got, want):
    got, want = got.astype(np.float64), want.astype(np.float64)
    error = ((got - want) ** 2).sum()
    return 10 * np.log10((want ** 2).sum() / error) if error else np.inf


def judge(name, weights, most):
    path = os.path.join(MODELS, name + ".onnx")
    done = subprocess.run([PARE, "quantize", path, "-o", "out.onnx", "--weights", weights,
                           "--activations", "none", "--algorithm", "rtn", "--quiet"],
                          capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    share = os.path.getsize("out.onnx") / os.path.getsize(path)
    assert share <= most, f"{share:.3f} of the file are left, expected at most {most}"
    session = session_of("out.onnx")
    feed = feed_of(session)
    want = session.run(None, feed)
    run_pare("out.onnx", feed)
    files = sorted(glob.glob("got/*.npy"))
    assert len(files) == len(want), f"{len(files)} outputs, expected {len(want)}"
    least = HALVES if name.endswith("fp16") else LEAST[weights]
    agreed = []
    for x, given in zip(want, session.get_outputs()):
        got = [np.load(f) for f in files]
        same = [g for g in got if g.shape == np.asarray(x).shape and g.dtype == np.asarray(x).dtype]
        agreed.append(max(decibels(g, np.asarray(x)) for g in same))
        assert agreed[-1] >= least, f"{given.name}: runs agree to {agreed[-1]:.1f} dB only"
    print(f"{name} {weights}: {share:.3f} of the file, runs agree to {min(agreed):.0f} dB")


def main():
    if not os.path.isdir(MODELS):
        print("no shared data")
        sys.exit(SKIPPED)
    os.makedirs("got", exist_ok=True)
    failed = 0
    for name, *shares in CASES:
        for weights, most in zip(("int8", "int4", "float16"), shares):
            try:
                judge(name, weights, most)
            except (AssertionError, subprocess.CalledProcessError, RuntimeError) as why:
                failed += 1
                print(f"{name} {weights}: {why}")
    sys.exit(failed > 0)


main()
