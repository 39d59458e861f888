"""What `pare quantize` writes of all real models, in every form: ONNX Runtime loads and runs it,
the scale of every bias is bit for bit the product of those of input and weights, both answer alike.
"""
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from feeds import feed_of

if "PARE_SHARED" not in os.environ or not os.path.isdir(os.environ["PARE_SHARED"] + "/data/models"):
    print("skipped: no shared data")
    sys.exit(77)
PARE = os.environ["PARE"]
DATA = os.path.join(os.environ["PARE_SHARED"], "data")
MODELS = os.path.join(DATA, "models")

LABELLED = [  # model, data to calibrate with, data to compare on
    ("imagenet/squeezenet1.1", "imagenet/squeezenet1.1-calib", "imagenet/squeezenet1.1-dev"),
    ("imagenet/squeezenet-fp16", "imagenet/squeezenet-fp16-dev", "imagenet/squeezenet-fp16-dev"),
    ("imagenet/mobilenetv2-1.0-224-deq", "imagenet/mobilenetv2-deq-dev",
     "imagenet/mobilenetv2-deq-dev"),
    ("imagenet/mobilenetv2-imagenette10", "imagenette160/calib", "imagenette160/dev"),
    ("cifar10/resnet20-bn", "cifar10/train", "cifar10/dev"),
    ("cifar10/resnet56", "cifar10/train", "cifar10/dev"),
    ("mnist/lenet-caffe", "mnist/dev", "mnist/dev"),
    ("text/sst2-transformer-2l128", "text/sst2/dev", "text/sst2/dev"),
]
FORMS = {
    "qdq": ["--activations", "uint8"],
    "qoperator": ["--activations", "uint8", "--format", "qoperator"],
    "int16": ["--activations", "int16"],
    "dynamic": ["--activations", "dynamic"],
    "weights": ["--activations", "none"],
    "int4": ["--weights", "int4", "--algorithm", "scale-fit"],
    "float16": ["--weights", "float16"],
}
WITHOUT_DATA = ["dynamic", "weights", "int4", "float16"]
QUANTIZED_ALREADY = ("qonnx",)
CALIBRATE, COMPARE = "32", "24"
failures = []


def pare(*words):
    return subprocess.run([PARE, *words], capture_output=True, text=True)


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check_biases(path):
    """How many int32 biases there are; fails where a scale is not the product in float."""
    model = onnx.load(path)
    made = {o: n for n in model.graph.node for o in n.output}
    consts = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    count = 0
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm") or len(node.input) < 3:
            continue
        dq = [made.get(name) for name in node.input[:3]]
        if any(n is None or n.op_type != "DequantizeLinear" for n in dq):
            continue
        x, w, b = (consts[n.input[1]] for n in dq)
        if consts[dq[2].input[0]].dtype != np.int32:
            continue
        count += 1
        if not np.array_equal((x * w).astype(np.float32).reshape(-1) + np.zeros_like(b), b):
            failures.append(f"{path}: {node.name}: scale of the bias")
    return count


def compare(name, form, path, data):
    answers, inputs = path + ".npz", path + ".in.npz"
    done = pare("eval", path, "--data", data, "--limit", COMPARE, "--save-predictions", answers,
                "--save-inputs", inputs, "--split", "all")
    if done.returncode:
        failures.append(f"{name} {form}: pare eval: {done.stderr.strip()}")
        return
    session = session_of(path)
    fed, ours = np.load(inputs), np.load(answers)
    first = session.get_outputs()[0].name
    others = [k for k in ours if k not in ("rows", "labels")]
    ours = ours[first if first in ours else others[0]]
    names = [i.name for i in session.get_inputs()]
    differ = 0
    for i in range(len(ours)):
        feed = {n: fed[n][i:i + 1] for n in names}
        theirs = np.asarray(session.run([first], feed)[0]).reshape(-1)
        differ += int(np.argmax(theirs) != np.argmax(ours[i].reshape(-1)))
    print(f"{name} {form}: {differ} of {len(ours)} answers differ, "
          f"{check_biases(path)} biases, {os.path.getsize(path)} bytes")
    if differ > 1:
        failures.append(f"{name} {form}: {differ} answers differ")


def quantize(name, form, path, *words):
    done = pare("quantize", os.path.join(MODELS, name + ".onnx"), "-o", path, *FORMS[form], *words)
    if done.returncode:
        failures.append(f"{name} {form}: exit status {done.returncode}: {done.stderr.strip()}")
    return done.returncode == 0


for name, calibrate, dev in LABELLED:
    for form in FORMS:
        path = name.replace("/", "_") + "." + form + ".onnx"
        if quantize(name, form, path, "--data", f"{DATA}/{calibrate}.yaml", "--samples", CALIBRATE):
            compare(name, form, path, f"{DATA}/{dev}.yaml")

labelled = {row[0] for row in LABELLED}
for folder in sorted(os.listdir(MODELS)):
    for file in sorted(os.listdir(os.path.join(MODELS, folder))):
        name = f"{folder}/{file}"[:-len(".onnx")]
        if not file.endswith(".onnx") or name in labelled or file.startswith(QUANTIZED_ALREADY):
            continue
        try:
            before = session_of(os.path.join(MODELS, folder, file))
            feed = feed_of(before)
            before.run(None, feed)
        except Exception:  # operators of other libraries, opset 1
            continue
        for form in WITHOUT_DATA:
            path = name.replace("/", "_") + "." + form + ".onnx"
            if not quantize(name, form, path):
                continue
            try:
                session_of(path).run(None, feed)
                print(f"{name} {form}: runs, {os.path.getsize(path)} bytes")
            except Exception as e:
                failures.append(f"{name} {form}: {str(e).splitlines()[0]}")

for failure in failures:
    print("FAILED:", failure)
sys.exit(bool(failures))
