"""Real models, quantized by pare and by onnxruntime.quantization in several settings: pare's word
on which nodes run as integer kernels against ONNX Runtime's. What pare writes has to fuse: no
product stays float next to a DQ."""
import glob
import logging
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import version_converter
from onnxruntime import quantization as q
from onnxruntime.quantization.shape_inference import quant_pre_process

import fusion

DATA = os.path.join(os.environ.get("PARE_SHARED", ""), "data/models")
SKIPPED = 77
# Recurrent, of foreign operators, quantized already, or float16, which the peer does not take.
OTHERS = ("qonnx", "silero", "dtln", "superres-with", "mnist-zoo", "-fp16")

U8, S8 = q.QuantType.QUInt8, q.QuantType.QInt8
PEER = {
    "u8s8-channel": {"per_channel": True, "activation_type": U8, "weight_type": S8},
    "u8s8": {"activation_type": U8, "weight_type": S8},
    "s8s8": {"activation_type": S8, "weight_type": S8},
    "u8u8": {"activation_type": U8, "weight_type": U8},
    "qoperator": {"quant_format": q.QuantFormat.QOperator, "activation_type": U8,
                  "weight_type": S8},
    "products": {"per_channel": True, "activation_type": U8, "weight_type": S8,
                 "op_types_to_quantize": ["Conv", "MatMul", "Gemm"]},
    "symmetric": {"per_channel": True, "activation_type": S8, "weight_type": S8,
                  "extra_options": {"ActivationSymmetric": True}},
    "own-pairs": {"activation_type": U8, "weight_type": S8,
                  "extra_options": {"DedicatedQDQPair": True, "AddQDQPairToWeight": True}},
}
CALIBRATE = ["--samples", "4", "--calibration", "minmax", "--correct", "none", "--algorithm", "rtn"]
OURS = {
    "static": ("ort-x64", False, CALIBRATE),
    "vnni": ("ort-x64-vnni", False, CALIBRATE),
    "tensor": ("ort-x64", False, CALIBRATE + ["--per-tensor"]),
    "qoperator": ("ort-x64", False, CALIBRATE + ["--format", "qoperator"]),
    "arm": ("ort-arm64", True, CALIBRATE),
    "dynamic": ("ort-x64", False, ["--activations", "dynamic"]),
    "weights": ("ort-x64", False, ["--activations", "none", "--algorithm", "rtn"]),
    "int4": ("ort-x64", False, ["--activations", "none", "--weights", "int4",
                                "--algorithm", "rtn"]),
}


class Samples(q.CalibrationDataReader):
    """Two samples of noise for all inputs."""

    def __init__(self, path):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        numbers = np.random.RandomState(1)
        self.samples = [{i.name: self.sample(numbers, i) for i in session.get_inputs()}
                        for _ in range(2)]
        self.left = iter(self.samples)

    @staticmethod
    def sample(numbers, value):
        shape = [d if isinstance(d, int) and d > 0 else 16 if i else 1
                 for i, d in enumerate(value.shape)]
        if "int" in value.type:
            return numbers.randint(0, 50, shape).astype(value.type[7:-1])
        return numbers.rand(*shape).astype(np.float32)

    def get_next(self):
        return next(self.left, None)


def prepared(path, name):
    """What the peer's tool takes: opset 13, batch norms folded."""
    out = f"{name}.float.onnx"
    quant_pre_process(path, out, skip_symbolic_shape=True)
    model = onnx.load(out)
    for i, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_unnamed{i}"
    onnx.save(model, out)
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    if min(versions, default=13) < 13:
        try:
            onnx.save(version_converter.convert_version(model, 13), out)
            onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
        except Exception:
            onnx.save(model, out)
    return out


def peers(path, name):
    source = prepared(path, name)
    for way, options in PEER.items():
        out = f"{name}.{way}.onnx"
        try:
            q.quantize_static(source, out, Samples(source),
                              **{"quant_format": q.QuantFormat.QDQ, **options})
            yield out
        except Exception as error:
            print(f"{out}: the peer's tool fails: {str(error)[:100]}")
    out = f"{name}.peer-dynamic.onnx"
    q.quantize_dynamic(source, out)
    yield out


def ours(path, name):
    samples = f"{name}.npz"
    sample = Samples(path).samples[0]
    np.savez(samples, **{k: np.repeat(v, 4, 0) if v.ndim else v for k, v in sample.items()})
    for way, (target, signed, options) in OURS.items():
        out = f"{name}.pare-{way}.onnx"
        data = ["--data", samples] if "--samples" in options else []
        run = subprocess.run([fusion.PARE, "quantize", path, "-o", out, "--quiet", "--target",
                              target] + options + data, capture_output=True, text=True)
        if run.returncode:
            print(f"{out}: {run.stderr.strip()}")
        else:
            yield out, target, signed


def unfused(name, said):
    """Products that stay float although they stand next to a DQ."""
    n = 0
    for node in said["nodes"] if said else ():
        kind = node["op"] in ("Conv", "Gemm", "MatMul") and node["runs"] == "float"
        if kind and node.get("reason") and not node["reason"].startswith("no DQ makes its inputs"):
            print(f"{name}: {node['name']} does not fuse: {node['reason']}")
            n += 1
    return n


def main():
    if not os.path.isdir(DATA):
        print("skipped: no real models")
        return SKIPPED
    logging.disable(logging.ERROR)
    onnxruntime.set_default_logger_severity(4)
    peer, own, n_unfused = fusion.Tally(), fusion.Tally(), 0
    for path in sorted(glob.glob(DATA + "/*/*.onnx"), key=os.path.getsize):
        name = os.path.basename(path)[:-5]
        if any(word in name for word in OTHERS):
            continue
        try:
            for out in peers(path, name):
                peer.add(out)
        except Exception as error:
            print(f"{name}: the peer's tool fails: {str(error)[:100]}")
        for out, target, signed in ours(path, name):
            said = own.add(out, target, signed)
            if not any(way in out for way in ("dynamic", "weights", "int4")):
                n_unfused += unfused(out, said)
        for old in glob.glob(name + ".*"):
            os.remove(old)
    failures = peer.show("models by the peer") + own.show("models by pare")
    print(f"{n_unfused} products next to a DQ that stay float in what pare writes")
    return 1 if failures or n_unfused or own.refused else 0


if __name__ == "__main__":
    sys.exit(main())
