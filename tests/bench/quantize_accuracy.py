#!/usr/bin/env python3
"""Accuracy of INT8: each labelled real model of ../shared in floats, quantized by pare with its
defaults, and by ONNX Runtime's quantize_static over its calibrators and formats, all calibrated
with the same samples and run by ONNX Runtime. Prints the table of docs/accuracy.md.

    quantize_accuracy.py PARE SHARED [--only MODEL]... [--cache DIR] [--option=WORD]...

Of the peer's models the one with the highest SQNR on the even images is shown as it does on the
odd ones, on which pare is judged, too. Models that end in Softmax are judged without it: its
probabilities are nearly 0 or 1, and their errors say little. What the peer made and answered is
kept in the cache, which stays outside of the repository.
"""
import argparse
import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import (CalibrationDataReader, CalibrationMethod, QuantFormat,
                                      QuantType, quantize_static)
from onnxruntime.quantization.shape_inference import quant_pre_process

MEAN = "{mean: [0.485, 0.456, 0.406]}, {std: [0.229, 0.224, 0.225]}"
CIFAR = ("source: {0}/cifar10/%s.tar.zst\nformat: images\nlabels: folders\n"
         "preprocess: [{{color: rgb}}, %s{{layout: nchw}}]\n")
IMAGENET = ("source: {0}/imagenet/%s.tar\nformat: images\nlabels: {{source: {0}/imagenet/%s.txt, "
            "offset: %d}}\npreprocess: [{{crop: 224}}, %s]\n")
NETTE = ("source: {0}/imagenette160/%s.tar\nformat: images\n%s"
         "preprocess: [{{resize: {{short: 256, filter: bilinear}}}}, {{crop: 224}}, imagenet]\n")
MNIST = ("source: {0}/mnist/%s-images-idx3-ubyte.gz\nlabels: {0}/mnist/%s-labels-idx1-ubyte.gz\n"
         "%s\n")
SST2 = "source: {0}/text/sst2/%s.npz\nlabels: labels\n"


def cifar(numbers):
    return CIFAR % ("train", numbers), CIFAR % ("test-dev", numbers)


def imagenet(numbers, offset=0):
    return tuple(IMAGENET % (f, f, offset, numbers) for f in ("val-calib", "val-dev"))


def mnist(numbers):
    return MNIST % ("train", "train", numbers), MNIST % ("t10k", "t10k", numbers)


# Model, data to calibrate with, data to judge by.
CASES = {
    "lenet-caffe": ("mnist/lenet-caffe", *mnist("preprocess: [{{divide: 255}}]")),
    "mnist-cntk-winml": ("mnist/mnist-cntk-winml", *mnist("")),
    "mlperf-tiny-resnet8": ("tinyml/mlperf-tiny-resnet8", *cifar("")),
    "ms-tutorial-cnn": ("cifar10/ms-tutorial-cnn", *cifar(
        "{{divide: 255}}, {{mean: [0.5, 0.5, 0.5]}}, {{std: [0.5, 0.5, 0.5]}}, ")),
    "resnet20-bn": ("cifar10/resnet20-bn", *cifar("imagenet, ")),
    "resnet56": ("cifar10/resnet56", *cifar("imagenet, ")),
    "vit-pgd_2_3_16": ("cifar10/vit-pgd_2_3_16", *cifar(
        "{{divide: 255}}, {{mean: [0.4914, 0.4822, 0.4465]}}, {{std: [0.225, 0.225, 0.225]}}, ")),
    "sst2-transformer-2l128": ("text/sst2-transformer-2l128", SST2 % "train", SST2 % "dev"),
    "squeezenet1.1": ("imagenet/squeezenet1.1", *imagenet("imagenet")),
    "squeezenet-fp16": ("imagenet/squeezenet-fp16", *imagenet("caffe-bgr")),
    "mobilenetv2-imagenette10": ("imagenet/mobilenetv2-imagenette10", NETTE % ("train-calib", ""),
                                 NETTE % ("val-dev", "labels: {0}/imagenette160/val-dev.txt\n")),
    "mobilenetv2-1.0-224-deq": ("imagenet/mobilenetv2-1.0-224-deq", *imagenet("minus1-1", 1)),
}
N_CALIBRATION = 256
FEWER = {"mobilenetv2-imagenette10": 128}  # the peer's histograms would take 15 GB
FORMATS = {
    "U8S8 per channel": {"per_channel": True},
    "U8S8 per tensor": {},
    "U8S8 per channel, reduced range": {"per_channel": True, "reduce_range": True},
}
CALIBRATORS = ("MinMax", "Entropy", "Percentile")


def sha(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part if isinstance(part, bytes) else str(part).encode())
    return h.hexdigest()[:16]


def read(path):
    with open(path, "rb") as f:
        return f.read()


# --- samples ------------------------------------------------------------------------------------


def samples(args, model, text, limit):
    """What pare gives the model: (arrays by input, labels, stem of the files)."""
    stem = os.path.join(args.cache, "samples-" + sha(model, text, limit))
    if not os.path.exists(stem + ".out.npz"):
        with open(stem + ".yaml", "w") as f:
            f.write(text.format(os.path.join(os.path.abspath(args.shared), "data")))
        more = ["--limit", str(limit)] if limit else []
        if "labels:" not in text:  # then it wants something to compare with
            more += ["--reference", model]
        subprocess.run([args.pare, "eval", model, "--data", stem + ".yaml", *more, "--quiet",
                        "--save-inputs", stem + ".in.npz", "--save-predictions", stem + ".out.npz"],
                       check=True, stdout=subprocess.DEVNULL)
    with np.load(stem + ".in.npz") as x, np.load(stem + ".out.npz") as y:
        return ({k: x[k] for k in x.files if k != "rows"},
                y["labels"] if "labels" in y.files else None, stem)


class Reader(CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


def feeds_of(model, arrays, batch, even=False):
    """Batches as the model takes them: one by one where its batch is fixed; all of one size where
    they are to be even, as the peer's histograms want them."""
    graph = onnx.load(model, load_external_data=False).graph
    constants = {i.name for i in graph.initializer}
    given = [i for i in graph.input if i.name not in constants]
    names = [g.name for g in given]
    types = {g.name: onnx.helper.tensor_dtype_to_np_dtype(g.type.tensor_type.elem_type)
             for g in given}
    rank = len(given[0].type.tensor_type.shape.dim)
    if given[0].type.tensor_type.shape.dim[0].dim_value == 1:
        batch = 1
    keys = [k if k in names else names[0] for k in arrays]
    n = len(next(iter(arrays.values())))
    if even:
        batch = math.gcd(batch, n)
    for i in range(0, n, batch):
        yield {k: (a[i:i + batch] if a.ndim == rank else
                   a[i:i + batch].reshape(-1, *a.shape[2:])).astype(types[k])
               for k, a in zip(keys, arrays.values())}


# --- models -------------------------------------------------------------------------------------


def without_softmax(path, out):
    """Cuts a last Softmax off, and what is behind it."""
    model = onnx.load(path)
    graph = model.graph
    made = {o: n for n in graph.node for o in n.output}
    node = made.get(graph.output[0].name)
    while node is not None and node.op_type in ("Identity", "Flatten", "Reshape"):
        node = made.get(node.input[0])
    if node is None or node.op_type != "Softmax":
        return path
    info = graph.output[0]
    info.name = node.input[0]
    dead = True
    while dead:
        used = {i for n in graph.node for i in n.input} | {info.name}
        dead = [n for n in graph.node if not any(o in used for o in n.output)]
        for n in dead:
            graph.node.remove(n)
    onnx.save(model, out)
    return out


def in_floats(path, out):
    """The peer takes no float16: weights and inputs become float32."""
    model = onnx.load(path)
    half, full = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    if not any(i.data_type == half for i in model.graph.initializer):
        return path
    for t in model.graph.initializer:
        if t.data_type == half:
            t.CopyFrom(onnx.numpy_helper.from_array(
                onnx.numpy_helper.to_array(t).astype(np.float32), t.name))
    for v in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        if v.type.tensor_type.elem_type == half:
            v.type.tensor_type.elem_type = full
    onnx.save(model, out)
    return out


def run(args, path, arrays, batch=50):
    stem = os.path.join(args.cache, "answers-" + sha(
        read(path), *(a.shape for a in arrays.values()), *(a.tobytes() for a in arrays.values())))
    if os.path.exists(stem + ".npy"):
        return np.load(stem + ".npy")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    rows = []
    for feed in feeds_of(path, arrays, batch):
        n = len(next(iter(feed.values())))
        rows.append(session.run(None, feed)[0].reshape(n, -1))
    answers = np.concatenate(rows).astype(np.float32)
    np.save(stem + ".npy", answers)
    return answers


def newer(path, out):
    """Scales per channel need opset 13."""
    model = onnx.load(path)
    version = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if version >= 13:
        return path
    initializers = {i.name for i in model.graph.initializer}
    if model.ir_version < 4:
        kept = [i for i in model.graph.input if i.name not in initializers]
        del model.graph.input[:]
        model.graph.input.extend(kept)
        model.ir_version = 7
    try:
        onnx.save(onnx.version_converter.convert_version(model, 13), out)
        return out
    except Exception:
        onnx.save(model, out)
        return out


def peers(args, model, calibration, work):
    """Models that the peer made, by name; one that it fails to make is left out."""
    prepared = os.path.join(work, "prepared.onnx")
    if not os.path.exists(prepared):
        start = newer(in_floats(model, os.path.join(work, "f32.onnx")),
                      os.path.join(work, "opset.onnx"))
        try:
            quant_pre_process(start, prepared, skip_symbolic_shape=True)
        except Exception as failure:
            print(f"# {model}: peer's preparation: {failure}", file=sys.stderr)
            onnx.save(onnx.load(start), prepared)
    found = {}
    for form, extra in FORMATS.items():
        for calibrator in CALIBRATORS:
            out = os.path.join(work, sha(form, calibrator) + ".onnx")
            if not os.path.exists(out) and not os.path.exists(out + ".failed"):
                try:
                    quantize_static(
                        prepared, out, Reader(feeds_of(prepared, calibration, 16, True)),
                        quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8,
                        calibrate_method=getattr(CalibrationMethod, calibrator), **extra)
                except Exception as failure:
                    print(f"# {model}: peer, {form}, {calibrator}: {failure}", file=sys.stderr)
                    open(out + ".failed", "w").close()
            if os.path.exists(out):
                found[f"{form}, {calibrator}"] = out
    return found


def pare_model(args, model, stem, calibration, work):
    """What pare makes of it, calibrated with the very arrays that the peer gets."""
    out = os.path.join(work, "pare.onnx")
    data = os.path.join(work, "calibration.yaml")
    with open(data, "w") as f:
        f.write("inputs:\n")
        for name in calibration:
            f.write(f"  {name}: {{source: {stem}.in.npz, key: {name}}}\n")
    subprocess.run([args.pare, "quantize", model, "-o", out, "--data", data, "--quiet",
                    *args.option], check=True, stdout=subprocess.DEVNULL)
    return out


# --- figures ------------------------------------------------------------------------------------


def sqnr(answers, reference):
    noise = float(((answers - reference).astype(np.float64) ** 2).sum())
    signal = float((reference.astype(np.float64) ** 2).sum())
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)


def mcnemar(broken, repaired):
    """Two-sided probability of as uneven a split or a more uneven one."""
    n, k = broken + repaired, max(broken, repaired)
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, i) for i in range(k, n + 1)) / 2 ** n
    return min(1.0, 2 * tail)


class Figures:
    def __init__(self, answers, reference, labels):
        best, right = answers.argmax(1), reference.argmax(1)
        self.top1 = 100 * float((best == labels).mean())
        self.broken = int(((right == labels) & (best != labels)).sum())
        self.repaired = int(((right != labels) & (best == labels)).sum())
        self.drop = 100 * (self.broken - self.repaired) / len(labels)
        self.p = mcnemar(self.broken, self.repaired)
        self.agreement = 100 * float((best == right).mean())
        self.sqnr = sqnr(answers, reference)


class Judgement:
    def __init__(self, whole, ok, above):
        self.whole, self.ok, self.above = whole, ok, above


def judge(args, name):
    path, calibrate, evaluate = CASES[name]
    model = os.path.join(args.shared, "data", "models", path + ".onnx")
    work = os.path.join(args.cache, name)
    os.makedirs(work, exist_ok=True)
    calibration, _, stem = samples(args, model, calibrate, FEWER.get(name, N_CALIBRATION))
    arrays, labels, _ = samples(args, model, evaluate, 0)
    model = without_softmax(model, os.path.join(work, "logits.onnx"))
    reference = run(args, model, arrays)
    labels = labels.reshape(-1)[:len(reference)]
    even, odd = np.arange(0, len(labels), 2), np.arange(1, len(labels), 2)

    best, peer = None, None
    made = {} if args.no_peer else peers(args, model, calibration, work)
    for form, out in made.items():
        answers = run(args, out, arrays)
        first = sqnr(answers[even], reference[even])
        if args.verbose:
            f = Figures(answers, reference, labels)
            print(f"#   {form}: drop {f.drop:.2f} agreement {f.agreement:.2f} sqnr {f.sqnr:.2f}")
        if best is None or first > best[0]:
            best, peer = (first, form), Figures(answers[odd], reference[odd], labels[odd])
    if args.peer_only:
        print(f"{name}: {best} {vars(peer) if peer else None}", flush=True)
        return None
    with_pare = args.model or pare_model(args, model, stem, calibration, work)
    answers = run(args, with_pare, arrays)
    whole = Figures(answers, reference, labels)
    half = Figures(answers[odd], reference[odd], labels[odd])
    float_top1 = 100 * float((reference.argmax(1) == labels).mean())
    ok = whole.drop <= 0.3 or (whole.p >= 0.05 and whole.agreement >= 97 and
                               (not peer or half.sqnr >= peer.sqnr - 0.5))
    row = [name, len(labels), f"{float_top1:.2f}", f"{whole.top1:.2f}", f"{whole.drop:+.2f}",
           f"{whole.broken}/{whole.repaired}", f"{whole.p:.2f}", f"{whole.agreement:.2f}",
           f"{half.sqnr:.1f}"]
    row += [f"{peer.drop:+.2f}", f"{peer.agreement:.2f}", f"{peer.sqnr:.1f}", best[1]] if peer \
        else ["-"] * 4
    print("| " + " | ".join(str(c) for c in [*row, "yes" if ok else "NO"]) + " |", flush=True)
    return Judgement(whole, ok, peer is None or half.sqnr > peer.sqnr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pare")
    parser.add_argument("shared")
    parser.add_argument("--only", action="append")
    parser.add_argument("--cache", default="/tmp/pare-accuracy")
    parser.add_argument("--option", action="append", default=[], help="handed to pare quantize")
    parser.add_argument("--model", help="judge this file in place of pare's (with one --only)")
    parser.add_argument("--peer-only", action="store_true")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    os.makedirs(args.cache, exist_ok=True)
    print("| model | images | float | pare | drop | broken/repaired | p | agreement | SQNR | "
          "peer's drop | its agreement | its SQNR | its best | bar |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    results = [judge(args, name) for name in (args.only or CASES)]
    results = [r for r in results if r]
    if results:
        print(f"\n{sum(r.ok for r in results)} of {len(results)} within the bar; SQNR above the "
              f"peer's best on {sum(r.above for r in results)} of {len(results)}.")


if __name__ == "__main__":
    main()
