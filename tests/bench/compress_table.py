#!/usr/bin/env python3
"""`pare compress` on the labelled real models of ../shared: what it chose, what is left of size,
energy and time, what the answers lose, and how long ONNX Runtime takes for the result against the
floats, run in turns. Prints the table of docs/compress.md.

    compress_table.py PARE SHARED [--only MODEL]... [--preset NAME] [--eval N] [--cache DIR]

Data and models are those of quantize_accuracy.py. Figures of the report are checked to be those
that `pare compare` tells afterwards.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime
from quantize_accuracy import CASES

ROUNDS, RUNS = 25, 8
SAME = ("file_bytes", "energy_mj", "latency_ms", "ram_peak_bytes", "macs")


def write_data(args, name):
    """Descriptions of what to learn from and what to judge by."""
    paths = []
    for kind, text in zip(("learn", "judge"), CASES[name][1:]):
        path = os.path.join(args.cache, f"{name}.{kind}.yaml")
        text = text.format(os.path.join(os.path.abspath(args.shared), "data"))
        if kind == "judge" and args.eval:
            text += f"\nsplit: {{eval: {args.eval}}}\n"
        with open(path, "w") as f:
            f.write(text)
        paths.append(path)
    return paths


def compress(args, name):
    """(exit status, report, path of the result, what was said on standard error)"""
    model = os.path.join(args.shared, "data", "models", CASES[name][0] + ".onnx")
    learn, judge = write_data(args, name)
    out = os.path.join(args.cache, f"{name}.{args.preset}.onnx")
    done = subprocess.run([args.pare, "compress", model, "-o", out, "--data", learn, "--eval-data",
                           judge, "--preset", args.preset, "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, json.loads(done.stdout), model, out, done.stderr


def check_compared(args, model, out, report):
    done = subprocess.run([args.pare, "compare", model, out, "--json"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    after = json.loads(done.stdout)["after"]
    return [k for k in SAME if after[k] != report["after"][k]]


# --- how long it takes --------------------------------------------------------------------------


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feed(s):
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16,
             "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    made = {}
    for i in s.get_inputs():
        shape = [d if isinstance(d, int) else 1 for d in i.shape]
        random = np.random.default_rng(1).random(shape) * (1 if "float" in i.type else 50)
        made[i.name] = random.astype(types[i.type])
    return made


def time_ratio(before, after):
    """The least time of single runs, in rounds that take turns: what disturbs disturbs both."""
    both = [(s, feed(s)) for s in (session(before), session(after))]
    least = [float("inf")] * 2
    for _ in range(ROUNDS):
        for i, (s, given) in enumerate(both):
            for _ in range(RUNS):
                begun = time.perf_counter()
                s.run(None, given)
                least[i] = min(least[i], time.perf_counter() - begun)
    return least[1] / least[0]


# ------------------------------------------------------------------------------------------------


class Row:
    """One line of the table."""

    def __init__(self, args, name):
        self.name = name
        self.status, r, model, out, self.said = compress(args, name)
        self.error = r.get("error", {}).get("message")
        if self.error:
            return
        b, a, change = r["before"], r["after"], r.get("accuracy_change") or {}
        self.size = a["file_bytes"] / b["file_bytes"]
        self.energy = a["energy_mj"] / b["energy_mj"]
        self.drop, self.upper = change.get("drop"), change.get("drop_upper95")
        self.metric = b["accuracy"]["metric"]
        self.before, self.after = b["accuracy"]["value"], a["accuracy"]["value"]
        self.samples = a["accuracy"]["samples"]
        self.steps = [f"{s['name']} {s['options']}" for s in r["steps"]]
        self.warnings = r["warnings"]
        if self.status:
            out = out[:-len("onnx")] + "rejected.onnx"
        self.differs = check_compared(args, model, out, r) if os.path.exists(out) else []
        self.time = time_ratio(model, out) if args.time and os.path.exists(out) else None

    def line(self):
        if self.error:
            return f"| {self.name} | {self.error} |"
        took = f"{self.time:.2f}" if self.time else "-"
        return (f"| {self.name} | {self.size:.3f} | {self.energy:.2f} | {took} | "
                f"{100 * self.before:.2f} to {100 * self.after:.2f} | {self.drop:.2f} "
                f"({self.upper:.2f}) | {'yes' if self.status == 0 else 'no'} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pare")
    parser.add_argument("shared")
    parser.add_argument("--only", action="append")
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--eval", type=int, default=0)
    parser.add_argument("--cache", default=tempfile.gettempdir())
    parser.add_argument("--no-time", dest="time", action="store_false")
    args = parser.parse_args()
    print("| model | size | energy | time | accuracy, % | drop (95 %), points | limits hold |")
    print("|---|---|---|---|---|---|---|")
    for name in args.only or CASES:
        row = Row(args, name)
        print(row.line(), flush=True)
        if not row.error and row.differs:
            print(f"{name}: compare tells otherwise: {row.differs}", file=sys.stderr)
        for text in [] if row.error else row.warnings:
            print(f"  {name}: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
