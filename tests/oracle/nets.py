"""Networks of tests/support/nets, judged by ONNX's checker and ONNX Runtime."""
import os
import subprocess

import numpy as np
import onnx
import onnxruntime

MAKE = os.environ["MAKE_TESTDATA"]
BATCH, TOKENS = 2, 16


def rows():
    """(name, parameters, tokens, output shape behind the batch) of every network."""
    text = subprocess.run([MAKE, "--nets"], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        name, params, tokens, *out = line.split()
        yield name, int(params), int(tokens), [int(n) for n in out]


def check(name, tokens, out, opset=0):
    """Writes the network with a symbolic batch (and length), and runs two samples through it."""
    path = name + ".onnx"
    options = ["-1", "-1" if tokens else "0", str(opset)]
    subprocess.run([MAKE, "--net", name, path, *options], check=True)
    try:
        onnx.checker.check_model(path, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        generator = np.random.default_rng(1)
        feed = {}
        for given in session.get_inputs():
            shape = [BATCH if n == "batch" else TOKENS if n == "seq" else n for n in given.shape]
            if given.type == "tensor(float)":
                feed[given.name] = generator.standard_normal(shape).astype(np.float32)
            else:
                feed[given.name] = generator.integers(0, 2, shape)
        got = session.run(None, feed)[0]
        want = [BATCH, *([TOKENS, *out[1:]] if tokens else out)]
        assert list(got.shape) == want, f"output {got.shape}, not {want}"
        assert np.isfinite(got).all(), "the output is not finite"
        assert np.abs(got[0] - got[1]).max() > 1e-6, "the output does not depend on the input"
    finally:
        os.remove(path)


def check_all(wanted):
    """Checks the rows for which wanted(name, parameters) holds; returns main's exit status."""
    failed = n = 0
    for name, params, tokens, out in rows():
        if not wanted(name, params):
            continue
        n += 1
        for opset in (0, 13, 20) if params < 1e6 or name == "minilm-l6" else (0,):
            try:
                check(name, tokens, out, opset)
            except Exception as e:  # each network is judged alone
                print(f"{name}, opset {opset or 'default'}: {type(e).__name__}: {e}")
                failed += 1
    print(f"{n} networks")
    return 1 if failed or not n else 0
