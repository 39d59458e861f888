"""ONNX Runtime as bench-models drives it: one model, commands on stdin, an answer for each.

    version                     of ONNX Runtime
    load THREADS PATH           opens the model          -> seconds, of the clock and the processor
    input NAME DTYPE BYTES D,D  and that many bytes      -> ok
    run N                       runs N times             -> seconds, of the clock and the processor
    memory                      growth of RssAnon in MiB since before the model was opened

An answer that starts with "error" is of what ONNX Runtime refuses.
"""
import sys
import time

import numpy as np
import onnxruntime

NAMES = {"float": "float32", "double": "float64"}


def anonymous_mib():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024


class Peer:
    def __init__(self):
        self.before = anonymous_mib()

    def version(self):
        return onnxruntime.__version__

    def load(self, threads, path):
        self.session = self.binding = None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(threads)
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        start, start_cpu = time.perf_counter(), time.process_time()
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"])
        took = time.perf_counter() - start, time.process_time() - start_cpu
        self.binding = self.session.io_binding()
        for out in self.session.get_outputs():
            self.binding.bind_output(out.name)
        return f"{took[0]} {took[1]}"

    def input(self, name, dtype, n_bytes, dims=""):
        shape = [int(n) for n in dims.split(",") if n]
        array = np.frombuffer(sys.stdin.buffer.read(int(n_bytes)), NAMES.get(dtype, dtype))
        self.binding.bind_cpu_input(name, array.reshape(shape).copy())
        return "ok"

    def run(self, n):
        run, binding = self.session.run_with_iobinding, self.binding
        start, start_cpu = time.perf_counter(), time.process_time()
        for _ in range(int(n)):
            run(binding)
        return f"{time.perf_counter() - start} {time.process_time() - start_cpu}"

    def memory(self):
        return f"{anonymous_mib() - self.before}"


def main():
    peer = Peer()
    for line in sys.stdin.buffer:
        command, *words = line.decode().rstrip("\n").split(" ")
        try:
            answer = getattr(peer, command)(*words)
        except Exception as e:
            answer = "error " + " ".join(str(e).split())[:200]
        print(answer, flush=True)


main()
