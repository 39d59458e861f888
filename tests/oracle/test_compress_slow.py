"""`pare compress` with its defaults, and by preset, on the smaller labelled real models: at most
0.35 of the size or a warning that says what weighs, within --max-drop 1, figures as `pare compare`
tells them, and models that ONNX Runtime loads and answers alike."""
import argparse
import os
import sys

SHARED = os.environ.get("PARE_SHARED", "")
HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
# Preset, models, the most of the size that may remain.
CASES = [
    ("auto", ["lenet-caffe", "mnist-cntk-winml", "mlperf-tiny-resnet8", "ms-tutorial-cnn",
              "resnet20-bn", "vit-pgd_2_3_16", "sst2-transformer-2l128"], 0.35),
    ("fp16", ["lenet-caffe", "ms-tutorial-cnn"], 0.52),
    ("int4-weights", ["lenet-caffe", "ms-tutorial-cnn"], 0.25),
    ("min-size", ["lenet-caffe", "ms-tutorial-cnn"], 0.25),
    ("min-energy", ["lenet-caffe"], 0.35),
]
WEIGHTS_HEAVY = {"lenet-caffe": 0.27, "sst2-transformer-2l128": 0.27}


def problems(row, preset, most):
    if row.error:
        return [row.error]
    if preset == "auto":
        most = WEIGHTS_HEAVY.get(row.name, most)
    said = any("% of the size remains" in w for w in row.warnings)
    found = []
    if row.status:
        found.append("a limit fails")
    if row.size > most and not said:
        found.append(f"{row.size:.3f} of the size")
    if row.drop > 1:
        found.append(f"drop {row.drop}")
    if row.differs:
        found.append(f"compare tells other {row.differs}")
    return found


def main():
    if not os.path.isdir(os.path.join(SHARED, "data", "models")):
        print("no real models")
        return SKIPPED
    sys.path.insert(0, os.path.join(HERE, "..", "bench"))
    import compress_table as bench
    failed = 0
    for preset, names, most in CASES:
        args = argparse.Namespace(pare=os.environ["PARE"], shared=SHARED, cache=os.getcwd(),
                                  preset=preset, eval=1000 if preset != "auto" else 0, time=False)
        for name in names:
            row = bench.Row(args, name)
            found = problems(row, preset, most)
            print(row.line())
            if not row.error and row.time is None and not row.status:
                ratio = bench.time_ratio(os.path.join(SHARED, "data", "models",
                                                      bench.CASES[name][0] + ".onnx"),
                                         os.path.join(os.getcwd(), f"{name}.{preset}.onnx"))
                print(f"  ONNX Runtime: {ratio:.2f} of the time of floats")
            if found:
                print(f"FAIL {preset} {name}: {'; '.join(found)}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
