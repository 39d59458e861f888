"""Pruned real models: ONNX Runtime loads them and gives what `pare run` gives, at two batch sizes
where the graph allows it. A third of every width that can go has gone, of all widths at once
(tests/prune/test_shrink_models writes them). Without the shared data: skipped. Arguments: part of
the names of models to look at."""
import glob
import os
import subprocess
import sys

from runs import PARE, agreement, batches_of, session_of

MODELS = os.path.join(os.environ.get("PARE_SHARED", ""), "data", "models")
MAKER = os.path.join(os.path.dirname(PARE), "tests", "prune-test_shrink_models")
SKIPPED = 77
LEAST = 80  # decibels that both runs agree to
HALVES = 30  # of models that compute in float16, where ONNX Runtime keeps halves in float32
MAGIKA = 50  # its norms take a square of means from a mean of squares
# Models that ONNX Runtime does not run as they are.
REFUSED = ["mnist-zoo.onnx"]
EXPECTED = 26


def main():
    if not os.path.isdir(MODELS) or not os.path.exists(MAKER):
        print("no shared data")
        sys.exit(SKIPPED)
    os.makedirs("pruned")
    os.makedirs("got")
    only = {"PRUNE_ONLY": sys.argv[1]} if sys.argv[1:] else {}
    made = subprocess.run([MAKER], env=dict(os.environ, PRUNE_OUT="pruned", **only),
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stdout
    failed = n = 0
    for path in sorted(glob.glob("pruned/*.onnx")):
        if os.path.basename(path) in REFUSED:
            continue
        least = HALVES if "fp16" in path else MAGIKA if "magika" in path else LEAST
        try:
            session = session_of(path)
            worst = [agreement(path, session, batch) for batch in batches_of(session)]
            assert min(worst) >= least, f"runs agree to {min(worst):.1f} dB only"
            n += 1
            print(f"{path}: {len(worst)} batch sizes, runs agree to {min(worst):.0f} dB")
        except Exception as why:  # whatever ONNX Runtime raises
            failed += 1
            print(f"{path}: {why}")
    print(f"{n} models agree, {failed} do not")
    sys.exit(failed > 0 or (not only and n < EXPECTED))


main()
