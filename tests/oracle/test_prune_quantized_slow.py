"""Real models in 8 bits, by `pare quantize` and by ONNX Runtime's quantizer, each per channel and
per tensor: scales and zero points follow when channels go. A third of every width is taken out;
masked models equal smaller ones, and ONNX Runtime gives what `pare run` gives. Without the shared
data: skipped."""
import glob
import os
import subprocess
import sys

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from feeds import feed_of
from runs import PARE, agreement, session_of

MODELS = os.path.join(os.environ.get("PARE_SHARED", ""), "data", "models")
MAKER = os.path.join(os.path.dirname(PARE), "tests", "prune-test_shrink_models")
SKIPPED = 77
LEAST = 30  # decibels that both runs agree to: a number between two codes may go either way
NAMES = ["mnist/lenet-caffe", "tinyml/mlperf-tiny-kws-dscnn", "tinyml/mlperf-tiny-resnet8",
         "tinyml/mlperf-tiny-vww-mbv1-0.25", "cifar10/resnet20-bn", "cifar10/vit-pgd_2_3_16",
         "cifar10/ms-tutorial-cnn"]
FORMS = [("qdq", ["--activations", "uint8"]),
         ("tensor", ["--activations", "uint8", "--per-tensor"]),
         ("signed", ["--activations", "int8"]),
         ("operators", ["--activations", "uint8", "--format", "qoperator"]),
         ("dynamic", ["--activations", "dynamic"]),
         ("weights", ["--activations", "none"])]


class Samples(CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


def make(name):
    """Quantized models of a name."""
    path = os.path.join(MODELS, name + ".onnx")
    feed = feed_of(session_of(path))
    key, x = next(iter(feed.items()))
    rng = np.random.default_rng(1)
    data = rng.standard_normal((16,) + x.shape[1:]).astype(np.float32)
    np.savez("data.npz", **{key: data})
    stem = os.path.basename(name)
    for form, options in FORMS:
        needs_data = form not in ("dynamic", "weights")
        words = [PARE, "quantize", path, "-o", f"models/{stem}-{form}.onnx", "--weights", "int8",
                 "--quiet"] + options + (["--data", "data.npz"] if needs_data else [])
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, f"{stem} {form}: {done.stderr}"
    for per_channel in (False, True):
        out = f"models/{stem}-peer{'-channel' if per_channel else ''}.onnx"
        try:
            quantize_static(path, out, Samples([{key: row[None]} for row in data]),
                            quant_format=QuantFormat.QDQ, per_channel=per_channel,
                            weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)
            session_of(out)
        except Exception as why:  # whatever it raises of older opsets
            print(f"{out}: not made: {str(why)[:80]}")
            if os.path.exists(out):
                os.remove(out)


def main():
    if not os.path.isdir(MODELS) or not os.path.exists(MAKER):
        print("no shared data")
        sys.exit(SKIPPED)
    for folder in ("models", "pruned", "got"):
        os.makedirs(folder)
    for name in NAMES:
        make(name)
    made = subprocess.run([MAKER], env=dict(os.environ, PRUNE_OUT="pruned", PRUNE_MODELS="models"),
                          capture_output=True, text=True)
    print(made.stdout)
    failed = made.returncode != 0
    for path in sorted(glob.glob("pruned/*.onnx")):
        try:
            worst = agreement(path, session_of(path), None)
            print(f"{path}: runs agree to {worst:.0f} dB")
            failed |= worst < LEAST
        except Exception as why:  # whatever ONNX Runtime raises
            failed = True
            print(f"{path}: {why}")
    n, n_made = len(glob.glob("pruned/*.onnx")), len(glob.glob("models/*.onnx"))
    print(f"{n} of {n_made} models")
    sys.exit(failed or n != n_made or n < len(NAMES) * len(FORMS))


main()
