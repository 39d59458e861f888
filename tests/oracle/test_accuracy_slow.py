"""INT8 by `pare quantize` with its defaults on the smaller labelled real models, run by ONNX
Runtime: the drop is at most 0.3 points, or not significant with 97 % of answers as before, and the
SQNR at most 0.5 dB below the best of the peer's nine (docs/accuracy.md has all models)."""
import argparse
import importlib.util
import os
import sys

SHARED = os.environ.get("PARE_SHARED", "")
BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench",
                     "quantize_accuracy.py")
SKIPPED = 77
# Model, SQNR of the peer's best in dB, as docs/accuracy.md has it.
CASES = {
    "lenet-caffe": 37.7,
    "mnist-cntk-winml": 33.8,
    "mlperf-tiny-resnet8": 31.8,
    "ms-tutorial-cnn": 38.3,
    "resnet20-bn": 26.4,
    "vit-pgd_2_3_16": 26.1,
    "sst2-transformer-2l128": 8.0,
}


def main():
    if not os.path.isdir(os.path.join(SHARED, "data", "models")):
        print("no real models")
        return SKIPPED
    spec = importlib.util.spec_from_file_location("quantize_accuracy", BENCH)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    args = argparse.Namespace(pare=os.environ["PARE"], shared=SHARED, cache=os.getcwd(), option=[],
                              model=None, peer_only=False, no_peer=True, verbose=False)
    failed = 0
    for name, peer in CASES.items():
        f = bench.judge(args, name).whole
        fine = f.drop <= 0.3 or (f.p >= 0.05 and f.agreement >= 97)
        if not fine or f.sqnr < peer - 0.5:
            print(f"FAIL {name}: drop {f.drop:.2f}, agreement {f.agreement:.2f} %, SQNR "
                  f"{f.sqnr:.2f} dB, the peer's {peer}")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
