"""Zeros among weights and low rank on real models, without training: what they lose, calibrated on
unlabelled samples that judgement does not see. ONNX Runtime loads every result; SparseTensors
change nothing there.

With --table: prints rows of docs/sparsity.md; words after it choose models by how their names
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
CIFAR = ("cifar10/train.yaml", "cifar10/dev.yaml", 512)
IMAGENET = ("imagenet/squeezenet1.1-calib.yaml", "imagenet/squeezenet1.1-dev.yaml", 200)
IMAGENETTE = ("imagenette160/calib.yaml", "imagenette160/dev.yaml", 300)
SST2 = ("sst2-train.yaml", "sst2-dev.yaml", 1024)
HALF = ["--pattern", "unstructured", "--sparsity", "50%"]
PAIRS = ["--pattern", "2:4"]
RANK = ["--what", "rank", "--max-macs", "70%", "--round-to", "1"]

# Model, its data, what is done; points that may be lost (None: only told).
CASES = [
    ("cifar10/resnet20-bn", CIFAR, HALF, 0.9),
    ("cifar10/resnet20-bn", CIFAR, PAIRS, 1.2),
    ("cifar10/resnet20-bn", CIFAR, RANK, 1.8),
    ("cifar10/resnet56", CIFAR, HALF, None),
    ("imagenet/squeezenet1.1", IMAGENET, HALF, None),
    ("imagenet/squeezenet1.1", IMAGENET, PAIRS, None),
    ("imagenet/mobilenetv2-imagenette10", IMAGENETTE, HALF, None),
    ("imagenet/mobilenetv2-imagenette10", IMAGENETTE, PAIRS, None),
    ("text/sst2-transformer-2l128", SST2, HALF, None),
    ("text/sst2-transformer-2l128", SST2, PAIRS, None),
]


def pare(*words):
    done = subprocess.run([PARE, *words], capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    return done.stdout


def data_of(name):
    return name if name.startswith("sst2") else os.path.join(DATA, name)


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def same_in_runtime(path, other):
    """Both models, in ONNX Runtime, on the same random input of two samples."""
    one, two = session(path), session(other)
    feeds = {}
    for i in one.get_inputs():
        shape = [2 if not isinstance(d, int) else d for d in i.shape]
        if i.type != "tensor(float)":
            return
        feeds[i.name] = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    for a, b in zip(one.run(None, feeds), two.run(None, feeds)):
        assert np.array_equal(a, b), f"{path} and {other} differ"


def lost(model, data):
    found = json.loads(pare("eval", "out.onnx", "--reference", model, "--data", data, "--json"))
    values = {m["metric"]: m["value"] for m in found["metrics"]}
    return found["accuracy_change"]["drop"], values["sqnr"]


def run(case, table):
    name, (calibrate, dev, n), words, limit = case
    model = os.path.join(DATA, "models", name + ".onnx")
    what = words[1] if words[0] == "--pattern" else "low rank, 70 % of MACs"
    bare = None
    if table and words[0] == "--pattern":
        pare("prune", model, "-o", "out.onnx", *words, "--criterion", "magnitude")
        bare = lost(model, data_of(dev))[0]
    start = time.monotonic()
    pare("prune", model, "-o", "out.onnx", *words, "--data", data_of(calibrate), "--samples",
         str(n))
    seconds = time.monotonic() - start
    drop, sqnr = lost(model, data_of(dev))
    session("out.onnx")
    if table:
        print(f"| {os.path.basename(name)} | {what} | {'' if bare is None else f'{bare:.1f}'} | "
              f"{drop:.2f} | {sqnr:.1f} | {seconds:.0f} s |", flush=True)
        return
    print(f"{name}, {what}: {drop:.2f} points lost, {sqnr:.1f} dB, {seconds:.0f} s", flush=True)
    assert limit is None or drop <= limit, f"{name}: more than {limit} points lost"


def sparse_storage():
    """SparseTensors, as ONNX Runtime reads them, are the dense weights."""
    model = os.path.join(DATA, "models/cifar10/resnet20-bn.onnx")
    words = ["--pattern", "unstructured", "--sparsity", "80%"]
    pare("prune", model, "-o", "dense.onnx", *words)
    pare("prune", model, "-o", "sparse.onnx", *words, "--sparse-storage")
    assert os.path.getsize("sparse.onnx") < 0.6 * os.path.getsize("dense.onnx")
    same_in_runtime("dense.onnx", "sparse.onnx")


def main():
    if not os.path.isdir(os.path.join(DATA, "models")):
        print("the real models are not here")
        return SKIPPED
    for part in ("train", "dev"):
        with open(f"sst2-{part}.yaml", "w") as f:
            f.write(f"source: {DATA}/text/sst2/{part}.npz\nlabels: labels\n")
    words = sys.argv[1:]
    table = "--table" in words
    chosen = [w for w in words if not w.startswith("--")]
    if not table:
        sparse_storage()
    for case in CASES:
        short = os.path.basename(case[0])
        if chosen and not any(short.startswith(w) for w in chosen):
            continue
        if table or chosen or case[3] is not None:
            run(case, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
