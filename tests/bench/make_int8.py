"""make_int8.py FOLDER MODEL...: INT8 versions of models, made by ONNX Runtime's own quantizer.

Static quantization with Q/DQ nodes (activations uint8, weights int8 per channel), calibrated on a
few samples of noise: the figures of a benchmark need right types and structure, not right answers.
What cannot be quantized so is named on stderr and left out. The paths of what was written go to
stdout.
"""
import logging
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType
from onnxruntime.quantization import quant_pre_process, quantize_static

SAMPLES = 4
# What files leave open, where 1 would not run.
SHAPES = {("bytegpt", "input_ids"): [1, 64], ("sst2", "input_ids"): [1, 48]}


def dims_of(name, value):
    for (model, tensor), dims in SHAPES.items():
        if model in name and tensor == value.name:
            return dims
    return [d if isinstance(d, int) and d > 0 else 1 for d in value.shape]


class Noise(CalibrationDataReader):
    def __init__(self, path):
        rng = np.random.default_rng(1)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.samples = iter([{v.name: self.make(rng, path, v) for v in session.get_inputs()}
                             for _ in range(SAMPLES)])

    @staticmethod
    def make(rng, path, value):
        dims = dims_of(os.path.basename(path), value)
        kind = value.type[len("tensor("):-1]
        if kind in ("float", "float16", "double"):
            noise = rng.standard_normal(dims)
            return noise.astype({"float": "float32"}.get(kind, kind))
        return rng.integers(0, 2 if kind == "bool" else 100, dims).astype(kind)

    def get_next(self):
        return next(self.samples, None)


def quantize(path, out, reader=None):
    """Calibrated on what the reader gives, else on noise."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = os.path.join(folder, os.path.basename(path))
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        if onnx.load(prepared, load_external_data=False).opset_import[0].version < 13:
            upgraded = onnx.version_converter.convert_version(onnx.load(prepared), 13)
            onnx.save(upgraded, prepared)
        if reader is None:
            reader = Noise(prepared)
        quantize_static(prepared, out, reader, quant_format=QuantFormat.QDQ,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        per_channel=True)
    onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])


def main(folder, *paths):
    logging.disable(logging.WARNING)
    onnxruntime.set_default_logger_severity(4)
    for path in paths:
        stem = os.path.splitext(os.path.basename(path))[0]
        out = os.path.join(folder, stem + ".int8.onnx")
        try:
            quantize(path, out)
            print(out, flush=True)
        except Exception as e:
            print(f"{stem}: {' '.join(str(e).split())[:120]}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
