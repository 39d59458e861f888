#!/usr/bin/env python3
"""What `pare data check` finds: each real classifier of ../shared with the right description of its
data, and with faults planted in it, with labels and without. Prints the table of
docs/data-check.md.

    data_check.py PARE SHARED [--limit N] [--only MODEL]... [--fault NAME]...
"""
import argparse
import json
import os
import subprocess
import tempfile

MEAN, STD = "[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]"
PRESETS = {"imagenet": "imagenet", "caffe-bgr": "caffe-bgr", "minus1-1": "minus1-1", "0-1": "0-1",
           "raw 0-255": "raw"}


class Net:
    """A model, its data, and the steps that are right: places, numbers (of a preset or written),
    colour."""

    def __init__(self, model, data, labels, place, preset, color="rgb", numbers="", offset=0,
                 gray=False):
        self.model, self.data, self.labels = model, data, labels
        self.place, self.preset, self.color = place, preset, color
        self.numbers, self.offset, self.gray = numbers, offset, gray


def numbers_of(preset):
    return {"imagenet": f"{{divide: 255}}, {{mean: {MEAN}}}, {{std: {STD}}}",
            "caffe-bgr": "{mean: [104, 117, 123]}", "minus1-1": "{mean: 127.5}, {std: 127.5}",
            "0-1": "{divide: 255}", "raw": ""}[preset]


IMAGENET = ("imagenet/val-dev.tar", "imagenet/val-dev.txt", "{crop: 224}")
CIFAR = ("cifar10/test-dev.tar.zst", "folders", "")
NETS = {
    "squeezenet1.1": Net("imagenet/squeezenet1.1", *IMAGENET, "imagenet"),
    "squeezenet-fp16": Net("imagenet/squeezenet-fp16", *IMAGENET, "caffe-bgr", "bgr"),
    "mobilenetv2-1.0-224-deq": Net("imagenet/mobilenetv2-1.0-224-deq", *IMAGENET, "minus1-1",
                                   offset=1),
    "mobilenetv2-imagenette10": Net("imagenet/mobilenetv2-imagenette10",
                                    "imagenette160/val-dev.tar", "imagenette160/val-dev.txt",
                                    "{resize: {short: 256}}, {crop: 224}", "imagenet"),
    "resnet20-bn": Net("cifar10/resnet20-bn", *CIFAR, "imagenet"),
    "resnet56": Net("cifar10/resnet56", *CIFAR, "imagenet"),
    "ms-tutorial-cnn": Net("cifar10/ms-tutorial-cnn", *CIFAR, "minus1-1"),
    "vit-pgd_2_3_16": Net("cifar10/vit-pgd_2_3_16", *CIFAR, None, numbers="{divide: 255}, "
                          "{mean: [0.4914, 0.4822, 0.4465]}, {std: 0.225}"),
    "mlperf-tiny-resnet8": Net("tinyml/mlperf-tiny-resnet8", *CIFAR, "raw"),
    "lenet-caffe": Net("mnist/lenet-caffe", "mnist/t10k-images-idx3-ubyte.gz",
                       "mnist/t10k-labels-idx1-ubyte.gz", "", "0-1", gray=True),
    "mnist-cntk-winml": Net("mnist/mnist-cntk-winml", "mnist/t10k-images-idx3-ubyte.gz",
                            "mnist/t10k-labels-idx1-ubyte.gz", "", "raw", gray=True),
}


def steps(net, place=None, numbers=None, color=None):
    place = net.place if place is None else place
    if numbers is None:
        numbers = net.numbers or numbers_of(net.preset)
    color = "" if net.gray else f"{{color: {color or net.color}}}"
    parts = [place, color, numbers]
    return "[" + ", ".join(p for p in parts if p) + "]"


def faults(net):
    """(fault, steps, offset of labels) of everything that is planted; the first is none."""
    yield "none", steps(net), 0
    if net.gray:
        for name, numbers in (("raw 0-255", ""), ("0-1", "{divide: 255}"),
                              ("minus1-1", "{mean: 127.5}, {std: 127.5}"),
                              ("inverted", "{mean: 255}, {divide: -255}")):
            if numbers != numbers_of(net.preset):
                yield f"numbers: {name}", steps(net, numbers=numbers), 0
    else:
        other = "bgr" if net.color == "rgb" else "rgb"
        yield f"colours: {other}", steps(net, color=other), 0
        for name, preset in PRESETS.items():
            if preset != net.preset and not (net.preset is None and preset == "imagenet"):
                color = "bgr" if preset == "caffe-bgr" else "rgb"
                yield f"numbers: {name}", steps(net, numbers=numbers_of(preset), color=color), 0
    if "resize" in net.place:
        yield "no resize", steps(net, place="{crop: 224}"), 0
        yield "no crop: squashed", steps(net, place="{resize: {exact: 224}}"), 0
    elif "crop" in net.place:
        yield "no crop: squashed", steps(net, place="{resize: {exact: 224}}"), 0
        yield "resize too large", steps(net, place="{resize: {short: 448}}, {crop: 224}"), 0
    yield "labels + 1", steps(net), 1
    yield "labels - 1", steps(net), -1


def check(args, net, text, offset, labelled):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as f:
        data = os.path.join(args.shared, "data")
        f.write(f"source: {data}/{net.data}\n")
        if labelled:
            source = net.labels if net.labels == "folders" else f"{data}/{net.labels}"
            f.write(f"labels: {{source: {source}, offset: {net.offset + offset}}}\n")
        f.write(f"preprocess: {text}\n")
    model = os.path.join(args.shared, "data", "models", net.model + ".onnx")
    run = subprocess.run([args.pare, "data", "check", f.name, "--model", model, "--json",
                          "--limit", str(args.limit)], capture_output=True, text=True)
    os.unlink(f.name)
    if run.returncode == 3 and "expected a label of at least 0" in run.stderr:
        return None
    if run.returncode:
        raise SystemExit(f"{net.model}: {text}: {run.stderr}")
    return json.loads(run.stdout)


def verdict(report, fault):
    kinds = {f["kind"] for f in report["findings"]}
    wanted = {"none": set(), "labels": {"label-offset"}}.get(fault.split()[0], {"pipeline"})
    if fault == "none":
        return "**false alarm**" if kinds else "quiet"
    if not kinds:
        return "not found"
    return "found" if kinds == wanted else "found, and " + ", ".join(sorted(kinds - wanted)) \
        if wanted <= kinds else "**other**: " + ", ".join(sorted(kinds))


def suggested(report):
    for f in report["findings"]:
        if f["suggestion"]:
            return "`" + f["suggestion"].removeprefix("preprocess: ") + "`"
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pare")
    parser.add_argument("shared")
    parser.add_argument("--limit", type=int, default=1024)
    parser.add_argument("--only", action="append", help="only this model")
    parser.add_argument("--fault", action="append", help="only these (a part of the name)")
    args = parser.parse_args()
    print("| model | planted | accuracy | score | with labels | without | suggested |")
    print("|---|---|---|---|---|---|---|")
    for name, net in NETS.items():
        if args.only and name not in args.only:
            continue
        for fault, text, offset in faults(net):
            if args.fault and not any(f in fault for f in args.fault):
                continue
            reports = [check(args, net, text, offset, True)]
            if not reports[0]:
                print(f"| {name} | {fault} | | | refused: a label below 0 | - | |", flush=True)
                continue
            if not fault.startswith("labels"):
                reports.append(check(args, net, text, offset, False))
            used = reports[0]["pipelines"][0]
            verdicts = [verdict(r, fault) for r in reports] + ["-"]
            print(f"| {name} | {fault} | {100 * used['accuracy']:.1f} | {used['score']:.3f} | "
                  f"{verdicts[0]} | {verdicts[1]} | {suggested(reports[0])} |", flush=True)


if __name__ == "__main__":
    main()
