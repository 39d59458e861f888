"""How many answers of every labelled real model are right, by `pare eval` and by ONNX Runtime on
the very tensors that pare gave the model: the same number, give or take answers that are nearly
ties. The figures of a pair of models are counted again, too."""
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
CIFAR = ("source: {0}/cifar10/test-dev.tar.zst\nformat: images\nlabels: folders\n"
         "preprocess: [{{color: rgb}}, {1}{{layout: nchw}}]\n")
HALF = "{divide: 255}, {mean: [0.5, 0.5, 0.5]}, {std: [0.5, 0.5, 0.5]}, "
VIT = "{divide: 255}, {mean: [0.4914, 0.4822, 0.4465]}, {std: [0.225, 0.225, 0.225]}, "
MNIST_RAW = ("source: {0}/mnist/t10k-images-idx3-ubyte.gz\n"
             "labels: {0}/mnist/t10k-labels-idx1-ubyte.gz\n")
# Model, data (a file, or a description), how far apart two answers are that count as a tie, as a
# part of the range of the output: half precision is kept in float32 by ONNX Runtime.
CASES = [
    ("imagenet/squeezenet1.1", "imagenet/squeezenet1.1-dev.yaml", 1e-4),
    ("imagenet/squeezenet-fp16", "imagenet/squeezenet-fp16-dev.yaml", 1e-2),
    ("imagenet/mobilenetv2-1.0-224-deq", "imagenet/mobilenetv2-deq-dev.yaml", 1e-4),
    ("imagenet/mobilenetv2-imagenette10", "imagenette160/dev.yaml", 1e-4),
    ("cifar10/resnet20-bn", "cifar10/dev.yaml", 1e-4),
    ("cifar10/resnet56", "cifar10/dev.yaml", 1e-4),
    ("cifar10/ms-tutorial-cnn", CIFAR.format(DATA, HALF), 1e-4),
    ("cifar10/vit-pgd_2_3_16", CIFAR.format(DATA, VIT), 1e-4),
    ("mnist/lenet-caffe", "mnist/dev.yaml", 1e-4),
    ("mnist/mnist-cntk-winml", MNIST_RAW.format(DATA), 1e-4),
    ("tinyml/mlperf-tiny-resnet8", CIFAR.format(DATA, ""), 1e-4),
    ("text/sst2-transformer-2l128", "text/sst2/dev.yaml", 1e-4),
]


def pare_eval(*words):
    done = subprocess.run([PARE, "eval", "--json", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    return json.loads(done.stdout)


def data_file(data):
    if "\n" not in data:
        return os.path.join(DATA, data)
    with open("data.yaml", "w") as f:
        f.write(data)
    return "data.yaml"


def oracle(path, arrays):
    """What ONNX Runtime gives, sample by sample."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()
    names = [n for n in arrays.files if n != "rows"]
    x = [arrays[n] for n in names]
    keys = [n if n in [g.name for g in given] else given[0].name for n in names]
    rank = len(given[0].shape)
    rows = []
    for i in range(len(x[0])):
        feed = {k: (a[i:i + 1] if a.ndim == rank else a[i]) for k, a in zip(keys, x)}
        rows.append(session.run(None, feed)[0].reshape(-1))
    return np.stack(rows)


def judge(name, data, tolerance):
    """(right by pare, right by ONNX Runtime, samples, other answers, differences) of a model."""
    path = os.path.join(DATA, "models", name + ".onnx")
    found = pare_eval(path, "--data", data_file(data), "--save-inputs", "inputs.npz",
                      "--save-predictions", "outputs.npz")
    with np.load("outputs.npz") as outputs, np.load("inputs.npz") as inputs:
        labels = outputs["labels"]
        key = next(n for n in outputs.files if n not in ("labels", "rows"))
        got = outputs[key].reshape(len(labels), -1)
        assert np.array_equal(outputs["rows"], inputs["rows"])
        want = oracle(path, inputs)
    assert got.shape == want.shape
    assert found["right"] == int((got.argmax(1) == labels).sum()), "its own outputs say otherwise"
    assert found["data"]["samples"] == len(labels)
    wide = want.astype(np.float64)
    span = wide.max() - wide.min()
    others = np.flatnonzero(got.argmax(1) != want.argmax(1))
    for i in others:
        gap = wide[i].max() - wide[i][got[i].argmax()]
        assert gap <= tolerance * span, f"sample {i}: another answer, {gap / span:.1e} apart"
    right = int((want.argmax(1) == labels).sum())
    assert abs(found["right"] - right) <= len(others)
    return found["right"], right, len(labels), len(others), abs(got - wide).max() / span


def judge_pair():
    """Broken, repaired, top5, agreement, SQNR of resnet20 against resnet56, counted again."""
    data = os.path.join(DATA, "cifar10/dev.yaml")
    files = [os.path.join(DATA, "models/cifar10", n) for n in ("resnet20-bn.onnx", "resnet56.onnx")]
    found = pare_eval(files[0], "--data", data, "--reference", files[1], "--metrics",
                      "top1,top5,kl,mse,cosine,perplexity", "--save-predictions", "after.npz")
    pare_eval(files[1], "--data", data, "--save-predictions", "before.npz")
    with np.load("after.npz") as a, np.load("before.npz") as b:
        labels = a["labels"]
        x, y = (f[next(n for n in f.files if n not in ("labels", "rows"))].astype(np.float64)
                for f in (a, b))
    change = found["accuracy_change"]
    after, before = x.argmax(1) == labels, y.argmax(1) == labels
    assert change["broken"] == int((before & ~after).sum())
    assert change["repaired"] == int((after & ~before).sum())
    assert abs(change["drop"] - 100 * (before.mean() - after.mean())) < 1e-9
    top5 = (np.argsort(-x, 1, kind="stable")[:, :5] == labels[:, None]).any(1).mean()
    log_q, log_p = (v - np.log(np.exp(v - v.max(1, keepdims=True)).sum(1, keepdims=True)) -
                    v.max(1, keepdims=True) for v in (x, y))
    wanted = {
        "top1": after.mean(), "top5": top5, "agreement": (x.argmax(1) == y.argmax(1)).mean(),
        "mse": ((x - y) ** 2).mean(), "sqnr": 10 * np.log10((y ** 2).sum() / ((x - y) ** 2).sum()),
        "cosine": ((x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)).mean(),
        "kl": (np.exp(log_p) * (log_p - log_q)).sum(1).mean(),
        "perplexity": np.exp(-log_q[np.arange(len(labels)), labels].mean()),
    }
    for metric in found["metrics"]:
        want = wanted.pop(metric["metric"])
        assert abs(metric["value"] - want) <= 1e-6 * abs(want), (metric, want)
        assert metric["low"] < metric["value"] < metric["high"], metric
    assert not wanted
    return f"{change['broken']} broken, {change['repaired']} repaired"


def main():
    if not os.path.isdir(os.path.join(DATA, "models")):
        print("skipped: there is no shared data")
        return SKIPPED
    failed = 0
    print(f"{'model':36} {'pare':>6} {'oracle':>6} {'of':>6} {'others':>7} {'error':>8}")
    for name, data, tolerance in CASES:
        if len(sys.argv) > 1 and not any(w in name for w in sys.argv[1:]):
            continue
        begun = time.monotonic()
        try:
            right, oracle_right, n, others, error = judge(name, data, tolerance)
            print(f"{name:36} {right:6} {oracle_right:6} {n:6} {others:7} {error:8.1e} "
                  f"{time.monotonic() - begun:7.1f} s", flush=True)
        except Exception as e:  # each model is judged alone
            failed += 1
            print(f"{name:36} failed: {type(e).__name__}: {str(e)[:400]}", flush=True)
    if len(sys.argv) == 1:
        print(f"resnet20 against resnet56: {judge_pair()}")
    return 1 if failed else 0


sys.exit(main())
