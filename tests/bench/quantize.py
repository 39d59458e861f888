#!/usr/bin/env python3
"""How long static quantization takes, and how much memory: `pare quantize` beside ONNX Runtime's
quantize_static, on the same samples, each in a process of its own, in turns. Prints a table; ratios
are of the least of all rounds.

    quantize.py PARE SHARED [--rounds N] [--samples N] [--only NAME]... [--scale]

--scale: pare alone, with 64 and with 1024 samples (of CIFAR-10): memory may not grow.
The peer reads its samples from an array that pare has written: decoding images is not counted for
it.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

NETS = {  # model, data
    "resnet20": ("cifar10/resnet20-bn", "cifar10/train.yaml"),
    "resnet56": ("cifar10/resnet56", "cifar10/train.yaml"),
    "squeezenet1.1": ("imagenet/squeezenet1.1", "imagenet/squeezenet1.1-calib.yaml"),
    "mobilenetv2": ("imagenet/mobilenetv2-imagenette10", "imagenette160/calib.yaml"),
}
PEER = """
import sys
import numpy as np
from onnxruntime.quantization import (CalibrationDataReader, CalibrationMethod, QuantFormat,
                                      QuantType, quantize_static)
model, array, out, method = sys.argv[1:]
fed = np.load(array)
names = [k for k in fed if k not in ("rows", "labels")]
class Reader(CalibrationDataReader):
    def __init__(self):
        self.at = 0
    def get_next(self):
        if self.at == len(fed[names[0]]):
            return None
        self.at += 1
        return {n: data[n][self.at - 1:self.at] for n in names}
data = {n: fed[n] for n in names}
extra = {"CalibPercentile": 99.99} if method == "Percentile" else {}
quantize_static(model, out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                calibrate_method=getattr(CalibrationMethod, method), extra_options=extra)
"""


def run(words):
    """Seconds of the clock, MB at most; None: it failed."""
    begun = time.monotonic()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    return (time.monotonic() - begun, used.ru_maxrss / 1024) if status == 0 else None


def least(runs):
    runs = [r for r in runs if r]
    return (min(r[0] for r in runs), min(r[1] for r in runs)) if runs else None


def pare_words(args, net, folder, *more):
    model, data = NETS[net]
    return [args.pare, "quantize", f"{args.shared}/data/models/{model}.onnx", "-o",
            f"{folder}/pare.onnx", "--data", f"{args.shared}/data/{data}", "--samples",
            str(args.samples), "--quiet", *more]


def compare(args, net, folder):
    model, data = NETS[net]
    path, array = f"{args.shared}/data/models/{model}.onnx", f"{folder}/{net}.npz"
    subprocess.run([args.pare, "eval", path, "--data", f"{args.shared}/data/{data}", "--split",
                    "calibrate", "--limit", str(args.samples), "--save-inputs", array],
                   check=True, stdout=subprocess.DEVNULL)
    for method, peer in (("minmax", "MinMax"), ("percentile", "Percentile")):
        ours, theirs = [], []
        for _ in range(args.rounds):
            ours.append(run(pare_words(args, net, folder, "--calibration", method, "--correct",
                                       "none")))
            theirs.append(run([sys.executable, "-c", PEER, path, array, f"{folder}/peer.onnx",
                               peer]))
        ours, theirs = least(ours), least(theirs)
        if not ours or not theirs:
            print(f"{net:14} {method:11} {'pare' if not ours else 'the peer'} failed", flush=True)
            continue
        print(f"{net:14} {method:11} {ours[0]:8.2f} s {theirs[0]:8.2f} s  {ours[0] / theirs[0]:.3f}"
              f"   {ours[1]:7.0f} MB {theirs[1]:7.0f} MB  {ours[1] / theirs[1]:.3f}", flush=True)
    whole = run(pare_words(args, net, folder))
    if whole:
        print(f"{net:14} {'defaults':11} {whole[0]:8.2f} s {'':32} {whole[1]:7.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pare")
    parser.add_argument("shared")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--only", action="append")
    parser.add_argument("--scale", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.scale:
            for samples in (64, 256, 1024):
                args.samples = samples
                one = run(pare_words(args, "resnet20", folder))
                print(f"resnet20, {samples} samples: {one[0]:.2f} s, {one[1]:.0f} MB", flush=True)
            return
        print(f"{args.samples} samples     {'':8}   pare       peer  ratio      pare       peer"
              "  ratio")
        for net in args.only or NETS:
            compare(args, net, folder)


main()
