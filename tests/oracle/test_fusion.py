"""Which nodes of random Q/DQ graphs run as integer kernels: pare's word against ONNX Runtime's."""
import sys

import fusion
import qdq_graphs

tally = fusion.Tally()
for seed in range(40):
    path = f"graph{seed}.onnx"
    qdq_graphs.save(seed, path)
    tally.add(path)
sys.exit(1 if tally.show("random graphs") else 0)
