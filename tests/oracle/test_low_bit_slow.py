"""Weights in 4 bits (blocks of 32) on every labelled real model: what `pare quantize` finds over
calibration data, against rounding to nearest in the same form. Calibration and judgement share no
sample. The answers are also those that ONNX Runtime gives for the file that was written.

With --table: prints the rows of docs/low-bit.md; words after it choose models by how their names
begin."""
import json
import os
import subprocess
import sys
import time

import numpy as np
import onnxruntime

PARE = os.environ["PARE"]
DATA = os.path.join(os.environ.get("PARE_SHARED", ""), "data")
SKIPPED = 77
N_CALIBRATE = 256
CIFAR = ("source: {0}/cifar10/{1}.tar.zst\nformat: images\nlabels: folders\n"
         "preprocess: [{{color: rgb}}, {2}{{layout: nchw}}]\n")
HALF = "{divide: 255}, {mean: [0.5, 0.5, 0.5]}, {std: [0.5, 0.5, 0.5]}, "
VIT = "{divide: 255}, {mean: [0.4914, 0.4822, 0.4465]}, {std: [0.225, 0.225, 0.225]}, "
IMAGENET = "{divide: 255}, {mean: [0.485, 0.456, 0.406]}, {std: [0.229, 0.224, 0.225]}, "
MNIST = ("source: {0}/mnist/{1}-images-idx3-ubyte.gz\nlabels: {0}/mnist/{1}-labels-idx1-ubyte.gz\n"
         "{2}")
SST2 = "source: {0}/text/sst2/{1}.npz\nlabels: labels\n"


def cifar(steps):
    split = "split: {calibrate: 256, train: rest}\n"
    return (CIFAR.format(DATA, "train", steps) + split, CIFAR.format(DATA, "test-dev", steps))


def mnist(steps):
    return (MNIST.format(DATA, "train", steps), MNIST.format(DATA, "t10k", steps))


def imagenet(steps):
    text = ("source: {0}/imagenet/val-{1}.tar\nformat: images\nlabels: {{source: "
            "{0}/imagenet/val-{1}.txt, offset: {2}}}\npreprocess: [{{crop: 224}}, {3}]\n")
    return [text.format(DATA, part, *steps) for part in ("calib", "dev")]


# Model, its data to calibrate with and to judge by, and how many points may be lost.
CASES = [
    ("cifar10/resnet20-bn", cifar(IMAGENET), 0.2),
    ("cifar10/resnet56", cifar(IMAGENET), 0.2),
    ("imagenet/squeezenet1.1",
     imagenet((0, IMAGENET + "{layout: nchw}")), 2),
    ("imagenet/mobilenetv2-imagenette10",
     ("imagenette160/calib.yaml", "imagenette160/dev.yaml"), 3),
    ("imagenet/mobilenetv2-1.0-224-deq", imagenet((1, "minus1-1")), None),
    ("cifar10/ms-tutorial-cnn", cifar(HALF), None),
    ("cifar10/vit-pgd_2_3_16", cifar(VIT), None),
    ("tinyml/mlperf-tiny-resnet8", cifar(""), None),
    ("mnist/lenet-caffe", mnist("preprocess: [{divide: 255}]\n"), None),
    ("mnist/mnist-cntk-winml", mnist(""), None),
    ("text/sst2-transformer-2l128",
     (SST2.format(DATA, "train"), SST2.format(DATA, "dev")), None),
]
# How many samples of a set decide: the larger, the less chance has to do with it.
LIMIT = "2000"


def data_file(data, name):
    if "\n" not in data:
        return os.path.join(DATA, data)
    with open(name, "w") as f:
        f.write(data)
    return name


def quantize(model, data, *words):
    start = time.monotonic()
    done = subprocess.run([PARE, "quantize", model, "-o", "out.onnx", "--weights", "int4",
                           "--activations", "none", "--format", "qdq", "--data", data, *words],
                          capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    return time.monotonic() - start


def judge(model, data):
    """(top1, that of the float model, agreement, mean squared error, SQNR), samples."""
    done = subprocess.run([PARE, "eval", "out.onnx", "--reference", model, "--data", data,
                           "--limit", LIMIT, "--metrics", "top1,agreement,mse,sqnr", "--json",
                           "--save-inputs", "inputs.npz", "--save-predictions", "outputs.npz"],
                          capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    found = json.loads(done.stdout)
    values = {m["metric"]: m for m in found["metrics"]}
    return {"top1": 100 * values["top1"]["value"], "float": 100 * values["top1"]["reference"],
            "agreement": 100 * values["agreement"]["value"], "mse": values["mse"]["value"],
            "sqnr": values["sqnr"]["value"], "n": found["rows"]}


def other_answers(n):
    """On how many of the first n samples ONNX Runtime answers otherwise."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession("out.onnx", options,
                                           providers=["CPUExecutionProvider"])
    given = session.get_inputs()
    with np.load("inputs.npz") as inputs, np.load("outputs.npz") as outputs:
        x = {k: inputs[k] for k in inputs.files if k != "rows"}
        want = outputs[[k for k in outputs.files if k != "rows"][0]]
    known = [g.name for g in given]
    rank = len(given[0].shape)
    other = 0
    for i in range(min(n, len(want))):
        feed = {k if k in known else known[0]: a[i:i + 1] if a.ndim == rank else a[i]
                for k, a in x.items()}
        y = session.run(None, feed)[0].reshape(-1)
        other += int(np.argmax(y)) != int(np.argmax(want[i].reshape(-1)))
    return other


def run(name, data, may_lose, table):
    model = os.path.join(DATA, "models", name + ".onnx")
    calibrate, dev = data_file(data[0], "calib.yaml"), data_file(data[1], "dev.yaml")
    quantize(model, calibrate, "--algorithm", "rtn")
    rounded = judge(model, dev)
    seconds = quantize(model, calibrate)
    solved = judge(model, dev)
    other = other_answers(100)
    lost, lost_rounded = (r["float"] - r["top1"] for r in (solved, rounded))
    if table:
        print(f"| {os.path.basename(name)} | {solved['n']} | {solved['float']:.2f} "
              f"| {-lost_rounded:+.2f} | {-lost:+.2f} | {rounded['sqnr']:.1f} "
              f"| {solved['sqnr']:.1f} | {solved['mse'] / rounded['mse']:.3f} "
              f"| {solved['agreement']:.1f} |", flush=True)
    else:
        print(f"{name}: {lost_rounded:+.2f} to {lost:+.2f} points lost, "
              f"{solved['mse'] / rounded['mse']:.3f} of the error, {seconds:.0f} s, "
              f"ONNX Runtime answers {other} of 100 otherwise", flush=True)
    assert solved["mse"] <= rounded["mse"] / 2, f"{name}: more than half of rounding's error"
    if lost_rounded > 3:
        assert lost <= lost_rounded / 2, f"{name}: more than half of rounding's loss"
    if may_lose is not None:
        # Of so few samples, what is lost is known to about one answer in 200.
        assert lost <= may_lose + 0.5, f"{name}: {lost:.2f} points lost"
    assert other <= 2, f"{name}: ONNX Runtime answers otherwise on {other} of 100 samples"


def main():
    if not os.path.isdir(DATA):
        print("no shared data")
        return SKIPPED
    table = "--table" in sys.argv[1:]
    names = [w for w in sys.argv[1:] if not w.startswith("--")]
    for name, data, may_lose in CASES:
        if not names or any(os.path.basename(name).startswith(n) for n in names):
            run(name, data, may_lose, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
