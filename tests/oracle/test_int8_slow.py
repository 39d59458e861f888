"""INT8 versions of labelled models, made by ONNX Runtime's quantizer from real samples: pare and
ONNX Runtime give the same answer to every sample, but where two classes are a rounding apart.

Sums are exact on both sides (ONNX Runtime's only on processors with VNNI: others are skipped);
between two products codes may be one off where a number lies at a tie, or where ONNX Runtime
multiplies by the quotient of two scales instead of dividing. What that comes to is printed.
"""
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench"))
import make_int8
import onnxruntime

PARE = os.environ["PARE"]
DATA = os.path.join(os.environ.get("PARE_SHARED", ""), "data")
MODELS = [("cifar10/resnet20-bn", "cifar10/dev", 500), ("cifar10/resnet56", "cifar10/dev", 500),
          ("mnist/lenet-caffe", "mnist/dev", 500),
          ("imagenet/squeezenet1.1", "imagenet/squeezenet1.1-dev", 100),
          ("imagenet/mobilenetv2-1.0-224-deq", "imagenet/mobilenetv2-deq-dev", 100),
          ("imagenet/mobilenetv2-imagenette10", "imagenette160/dev", 100)]
CALIBRATION = 24
NEAR = 3  # steps of the output, between its two best classes
SKIPPED = 77


def pare_eval(model, data, n, *options):
    subprocess.run([PARE, "eval", model, "--data", data, "--limit", str(n), "--quiet", *options],
                   check=True, stdout=subprocess.DEVNULL)


class Samples(make_int8.CalibrationDataReader):
    def __init__(self, name, inputs):
        self.feeds = iter([{name: x[None]} for x in inputs])

    def get_next(self):
        return next(self.feeds, None)


def step_of(scores):
    """Distance of neighbouring values of the output: its smallest."""
    values = np.unique(scores)
    steps = np.diff(values)
    return steps[steps > 1e-6 * np.abs(values).max()].min() if len(steps) else 1.0


def judge(name, data, n):
    """Answers that differ, those of them that are not near, of how many."""
    source = os.path.join(DATA, "models", name + ".onnx")
    data = os.path.join(DATA, data + ".yaml")
    pare_eval(source, data, n, "--save-inputs", "in.npz")
    inputs = np.load("in.npz")
    key = next(k for k in inputs.files if k != "rows")
    x = inputs[key]
    make_int8.quantize(source, "int8.onnx", Samples(key, x[:CALIBRATION]))
    pare_eval("int8.onnx", data, n, "--save-predictions", "out.npz")
    ours = np.load("out.npz")
    got = ours[next(k for k in ours.files if k not in ("rows", "labels"))].reshape(len(x), -1)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession("int8.onnx", options,
                                           providers=["CPUExecutionProvider"])
    want = np.concatenate([session.run(None, {key: row[None]})[0] for row in x]).reshape(got.shape)
    other = np.nonzero(got.argmax(1) != want.argmax(1))[0]
    step = step_of(want)
    margins = [want[i].max() - want[i, got[i].argmax()] for i in other]
    far = sum(margin > NEAR * step for margin in margins)
    print(f"{name}: {len(x)} samples, {len(other)} other answers ({far} not near); outputs differ "
          f"by at most {np.abs(got - want).max() / step:.1f} steps, "
          f"{np.mean(np.abs(got - want) > step / 2):.1%} of them", flush=True)
    return len(other), far, len(x)


def main():
    with open("/proc/cpuinfo") as info:
        has_vnni = "vnni" in info.read()
    if not os.path.isdir(os.path.join(DATA, "models")) or not has_vnni:
        print("skipped: no shared data" if has_vnni else "skipped: no VNNI")
        return SKIPPED
    results = [judge(*row) for row in MODELS]
    other, far, n = (sum(r[i] for r in results) for i in range(3))
    print(f"{n} samples, {other} other answers at ties, {far} beyond")
    return 1 if far or other > n / 50 else 0


if __name__ == "__main__":
    sys.exit(main())
