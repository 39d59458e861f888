"""Channels taken out of real models without training: what `pare prune` loses with as many
multiplications left, calibrated on unlabelled samples that judgement does not see.

With --table: prints the rows of docs/pruning-accuracy.md, with two choices of calibration samples;
words after it choose models by how their names begin."""
import json
import os
import subprocess
import sys
import time

PARE = os.environ["PARE"]
DATA = os.path.join(os.environ.get("PARE_SHARED", ""), "data")
SKIPPED = 77
CIFAR = ("cifar10/train.yaml", "cifar10/dev.yaml", 1024)
IMAGENETTE = ("imagenette160/calib.yaml", "imagenette160/dev.yaml", 256)

# Model, its data and how many samples calibrate; part of the multiplications that is left, points
# that may be lost: the aim, and what must hold (None: only tell). Of 5000 images a loss is known to
# about 0.3 points, of 658 to one.
CASES = [
    ("cifar10/resnet20-bn", CIFAR, "80%", 0.8, 1.2),
    ("cifar10/resnet20-bn", CIFAR, "70%", 1.8, 2.5),
    ("cifar10/resnet20-bn", CIFAR, "50%", 5.5, None),
    ("cifar10/resnet56", CIFAR, "70%", 0.5, None),
    ("cifar10/resnet56", CIFAR, "50%", 2.5, None),
    ("imagenet/mobilenetv2-imagenette10", IMAGENETTE, "70%", 1.5, None),
    ("imagenet/mobilenetv2-imagenette10", IMAGENETTE, "50%", 4.0, None),
]


def prune(model, data, n, macs, seed, *words):
    start = time.monotonic()
    done = subprocess.run([PARE, "prune", model, "-o", "out.onnx", "--max-macs", macs,
                           "--round-to", "1", "--data", os.path.join(DATA, data),
                           "--samples", str(n), "--seed", str(seed), *words],
                          capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    return time.monotonic() - start


def lost(model, data):
    """Points of top1 that were lost, SQNR in dB."""
    done = subprocess.run([PARE, "eval", "out.onnx", "--reference", model, "--data",
                           os.path.join(DATA, data), "--json"], capture_output=True, text=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    found = json.loads(done.stdout)
    values = {m["metric"]: m["value"] for m in found["metrics"]}
    return found["accuracy_change"]["drop"], values["sqnr"]


def run(case, table):
    name, (calibrate, dev, n), macs, aim, limit = case
    model = os.path.join(DATA, "models", name + ".onnx")
    drops = []
    for seed in (0, 1) if table else (0,):
        seconds = prune(model, calibrate, n, macs, seed)
        drops.append(lost(model, dev))
    bare = None
    if table:
        prune(model, calibrate, n, macs, 0, "--repair", "none")
        bare = lost(model, dev)[0]
        print(f"| {os.path.basename(name)} | {macs} | {bare:.1f} | "
              + " | ".join(f"{drop:.2f}" for drop, _ in drops)
              + f" | {aim} | {drops[0][1]:.1f} | {seconds:.0f} s |", flush=True)
        return
    print(f"{name} at {macs}: {drops[0][0]:.2f} points lost (aim {aim}), {drops[0][1]:.1f} dB, "
          f"{seconds:.0f} s", flush=True)
    assert limit is None or drops[0][0] <= limit, f"{name}: more than {limit} points lost"


def main():
    if not os.path.isdir(os.path.join(DATA, "models")):
        print("the real models are not here")
        return SKIPPED
    words = sys.argv[1:]
    table = "--table" in words
    chosen = [w for w in words if not w.startswith("--")]
    for case in CASES:
        short = os.path.basename(case[0])
        if chosen and not any(short.startswith(w) for w in chosen):
            continue
        if table or chosen or case[4] is not None:
            run(case, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
