"""Sums of products of bytes are ONNX Runtime's: on an emulated processor without VNNI, where pairs
of them saturate in 16 bits, with --target ort-x64, and exact ones otherwise.

Weights and activations are large, so that many pairs saturate; scales are powers of two, so that
nothing else rounds.
"""
import os
import shutil
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CPU = "Haswell"  # AVX2, no VNNI
# name, channels, filters, kernel, groups
CONVS = [("dense1x1", 8, 16, 1, 1), ("dense1x1odd", 5, 16, 1, 1), ("dense3x3", 16, 24, 3, 1),
         ("stem", 3, 16, 3, 1), ("gray", 1, 20, 3, 1), ("odd", 5, 16, 3, 1),
         ("odd17", 17, 40, 3, 1), ("grouped", 8, 16, 3, 2), ("groupedodd", 6, 16, 3, 2),
         ("depthwise3x3", 16, 16, 3, 16), ("depthwise5x5", 32, 32, 5, 32)]
PRODUCTS = [("matmul", 7, 64, 48), ("matmulodd", 3, 37, 20), ("vector", 1, 130, 32)]


def save(name, nodes, constants, x, y_type):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, name, [value("x", TensorProto.UINT8, x.shape)], [value("y", y_type, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()])
    opsets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), name + ".onnx")
    np.save(name + ".npy", x)


def scales(x_zero, y_scale, y_zero):
    one = np.array(1, np.float32)
    return {"xs": one, "xz": np.array(x_zero, np.uint8), "ws": one, "wz": np.array(0, np.int8),
            "ys": np.array(y_scale, np.float32), "yz": np.array(y_zero, np.uint8)}


def make_all():
    rng = np.random.default_rng(1)
    for name, channels, filters, kernel, groups in CONVS:
        x = rng.integers(150, 256, (1, channels, 6, 7)).astype(np.uint8)
        w = rng.integers(-128, 128, (filters, channels // groups, kernel, kernel)).astype(np.int8)
        pads = [kernel // 2] * 4
        given = scales(3, 2.0 ** 9, 128)
        save(name, [helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"],
                                     ["y"], group=groups, pads=pads)],
             {"w": w, **given}, x, TensorProto.UINT8)
        nodes = [helper.make_node("DequantizeLinear", ["x", "xs", "xz"], ["a"]),
                 helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["b"]),
                 helper.make_node("Conv", ["a", "b"], ["c"], group=groups, pads=pads),
                 helper.make_node("QuantizeLinear", ["c", "ys", "yz"], ["y"])]
        save(name + "-qdq", nodes, {"w": w, **given}, x, TensorProto.UINT8)
    for name, m, k, n in PRODUCTS:
        x = rng.integers(150, 256, (m, k)).astype(np.uint8)
        w = rng.integers(-128, 128, (k, n)).astype(np.int8)
        save(name, [helper.make_node("MatMulInteger", ["x", "w"], ["y"])], {"w": w}, x,
             TensorProto.INT32)
        nodes = [helper.make_node("QLinearMatMul", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"],
                                  ["y"])]
        save(name + "-qlinear", nodes, {"w": w, **scales(3, 2.0 ** 9, 128)}, x, TensorProto.UINT8)


def names():
    return [n + s for n, *_ in CONVS for s in ("", "-qdq")] + \
        [n + s for n, *_ in PRODUCTS for s in ("", "-qlinear")]


def run_runtime(folder):
    """In a process of its own, on a processor of its own."""
    os.makedirs(folder, exist_ok=True)
    for name in names():
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(name + ".onnx", options,
                                               providers=["CPUExecutionProvider"])
        y = session.run(None, {"x": np.load(name + ".npy")})[0]
        np.save(os.path.join(folder, name + ".npy"), y)


def run_pare(folder, *options):
    os.makedirs(folder)
    for name in names():
        out = os.path.join(folder, name)
        subprocess.run([os.environ["PARE"], "run", name + ".onnx", "--input", f"x={name}.npy",
                        "--output-dir", out, "--quiet", *options], check=True)


def compare(ours, theirs):
    failed = 0
    for name in names():
        a = np.load(os.path.join(ours, name, "y.npy")).astype(int)
        b = np.load(os.path.join(theirs, name + ".npy")).astype(int)
        if (a != b).any():
            print(f"{ours}, {name}: {np.count_nonzero(a != b)} of {a.size} differ, "
                  f"by up to {np.abs(a - b).max()}")
            failed += 1
    return failed


def main():
    make_all()
    run_pare("exact", "--target", "ort-x64-vnni")
    run_pare("default")
    run_pare("saturating", "--target", "ort-x64")
    different = [n for n in names() if (np.load(f"exact/{n}/y.npy") !=
                                        np.load(f"saturating/{n}/y.npy")).any()]
    print(f"sums saturate in {len(different)} of {len(names())} networks")
    failed = sum("depthwise" in n for n in different) + (len(different) < 20)
    with open("/proc/cpuinfo") as info:
        if "vnni" in info.read():
            run_runtime("here")
            failed += compare("exact", "here") + compare("default", "here")
    emulator = shutil.which("qemu-x86_64")
    if not emulator:
        print("skipped: no qemu-x86_64 (qemu-user)")
        return 1 if failed else 77
    subprocess.run([emulator, "-cpu", CPU, sys.executable, __file__, "there"], check=True,
                   stderr=subprocess.DEVNULL)
    failed += compare("saturating", "there")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_runtime(sys.argv[1])
    else:
        sys.exit(main())
