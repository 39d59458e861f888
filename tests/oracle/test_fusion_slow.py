"""The same as test_fusion.py for many graphs, and for both kinds of machines."""
import sys

import fusion
import qdq_graphs

failures = 0
for target, signed in (("ort-x64", False), ("ort-arm64", True)):
    tally = fusion.Tally()
    for seed in range(40, 340):
        path = f"graph{seed}.onnx"
        qdq_graphs.save(seed, path)
        tally.add(path, target, signed)
    failures += tally.show(f"random graphs on {target}")
sys.exit(1 if failures else 0)
