"""Real models through `pare run` and through ONNX Runtime on the same inputs, what ONNX Runtime
cannot load against what is known of it, and models against results recorded by their makers."""
import base64
import gzip
import json
import os
import subprocess
import sys
import time
import wave

import numpy as np
import onnx
import onnxruntime

PARE = os.environ["PARE"]
DATA = os.path.join(os.environ.get("PARE_SHARED", ""), "data")
RNG = np.random.default_rng(1)
SKIPPED = 77
TOLERANCES = {"float32": 1e-4, "float16": 2e-3}  # of the range of the output
DTYPES = {"float": np.float32, "float16": np.float16, "int64": np.int64, "int32": np.int32}
SIZES = {"T": 16}  # of named dimensions; all others are 1
# Deviation of random pixels where 1 is far from what the model knows: 0 to 255 without the mean.
PIXELS = {"imagenet/squeezenet-fp16": 60, "tinyml/mlperf-tiny-resnet8": 60}
FOREIGN = {"loader/qonnx-kwsmlp-w3a3", "loader/qonnx-tfc-2w2a",
           "loader/superres-with-pre-post-op18"}  # operators of other libraries


class Unsupported(Exception):
    """An operator that pare cannot run, in its words."""


def model_path(name):
    return os.path.join(DATA, "models", name + ".onnx")


def pare(path, feed):
    """Runs the model; returns outputs in order and the seconds that the evaluation took."""
    words = []
    for i, (key, array) in enumerate(feed.items()):
        np.save(f"in{i}.npy", array)
        words += ["--input", f"{key}=in{i}.npy"]
    done = subprocess.run([PARE, "run", path, "--json", "--output-dir", "out", *words],
                          capture_output=True, text=True)
    if done.returncode == 4:
        raise Unsupported(json.loads(done.stdout)["error"]["message"])
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    run = json.loads(done.stdout)["runs"][0]
    return [np.load(os.path.join("out", o["file"])) for o in run["outputs"]], run["seconds"]


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def error(got, want):
    """Largest difference relative to the range of what is wanted."""
    assert got.shape == want.shape and got.dtype == want.dtype, \
        f"{got.dtype}{got.shape}, expected {want.dtype}{want.shape}"
    if want.dtype.kind != "f" or not want.size:
        assert np.array_equal(got, want), "integers differ"
        return 0.0
    assert np.array_equal(np.isfinite(got), np.isfinite(want)), "not finite elsewhere"
    got, wide = got.astype(np.float64), want.astype(np.float64)
    span = wide.max() - wide.min() or abs(wide).max() or 1.0
    return float(abs(got - wide).max() / span)


def speech(start, n, chunk=512, context=64):
    """n windows of speech as the models of Silero take them: each with what came before it."""
    with wave.open(os.path.join(DATA, "models", "audio", "silero-test.wav")) as f:
        assert f.getframerate() == 16000 and f.getsampwidth() == 2
        samples = np.frombuffer(f.readframes(f.getnframes()), "<i2").astype(np.float32) / 32768
    for i in range(start, start + n):
        yield samples[i * chunk - context:(i + 1) * chunk].reshape(1, -1)


def feed_of(name, inputs):
    feed = {}
    for given in inputs:
        shape = [n if isinstance(n, int) else SIZES.get(n, 1) for n in given.shape]
        dtype = DTYPES[given.type[len("tensor("):-1]]
        if given.name == "sr":
            feed[given.name] = np.array(16000)
        elif name.startswith("audio/silero"):
            feed[given.name] = (next(speech(60, 1)) if given.name == "input"
                                else np.zeros((2, 1, 128), np.float32))
        elif dtype in (np.int32, np.int64):
            feed[given.name] = RNG.integers(0, 256, shape).astype(dtype)
        else:
            feed[given.name] = (RNG.standard_normal(shape) * PIXELS.get(name, 1)).astype(dtype)
    return feed


def without_softmax(model):
    """A file of the same model that ends one node earlier. ONNX Runtime keeps float32 where half
    precision is meant between two nodes; Softmax makes more of that than it is."""
    last = model.graph.node[-1]
    assert last.op_type == "Softmax"
    model.graph.output[0].name = last.input[0]
    del model.graph.node[-1]
    onnx.save(model, "cut.onnx")
    return "cut.onnx"


def judge(name):
    """(error, tolerance, seconds) of a model beside ONNX Runtime."""
    path = model_path(name)
    model = onnx.load(path)
    is_half = any(t.data_type == onnx.TensorProto.FLOAT16 for t in model.graph.initializer)
    if is_half and model.graph.node[-1].op_type == "Softmax":
        path = without_softmax(model)
    runner = session(path)
    feed = feed_of(name, runner.get_inputs())
    want = runner.run(None, feed)
    got, seconds = pare(path, feed)
    assert len(got) == len(want)
    return (max(error(g, w) for g, w in zip(got, want)),
            TOLERANCES["float16" if is_half else "float32"], seconds)


def judge_old_mnist():
    """Opset 1, which ONNX Runtime no longer runs: the same weights as the model of opset 7."""
    feed = {"Input3": (RNG.random((1, 1, 28, 28)) * 255).astype(np.float32)}
    want = session(model_path("mnist/mnist-cntk-winml")).run(None, feed)
    got, seconds = pare(model_path("mnist/mnist-zoo"), feed)
    return error(got[0], want[0]), TOLERANCES["float32"], seconds


def judge_silero():
    """The variants follow the same speech, window by window, each with its own state: those of the
    same weights agree in numbers, the smaller network agrees on where speech is."""
    names = ["audio/silero_vad", "audio/silero_vad_op18_ifless", "audio/silero_vad_half"]
    states = [np.zeros((2, 1, 128), np.float32) for _ in names]
    worst, total, found = 0.0, 0.0, []
    for window in speech(50, 20):
        found.append([])
        for i, name in enumerate(names):
            feed = {"input": window, "state": states[i]}
            if not name.endswith("half"):
                feed["sr"] = np.array(16000)
            (output, states[i]), seconds = pare(model_path(name), feed)
            found[-1].append(float(output[0, 0]))
            total += seconds
        worst = max(worst, abs(found[-1][0] - found[-1][1]))
    speaks = np.array(found) > 0.5
    assert 0 < speaks[:, 0].sum() < len(found), f"speech and pauses: {found}"
    assert (speaks[:, 0] != speaks[:, 2]).sum() <= 2, f"another opinion on speech: {found}"
    return worst, TOLERANCES["float32"], total


def magika_features(content, config):
    size, block, padding = config["beg_size"], config["block_size"], config["padding_token"]
    head = content[:block].lstrip()[:size]
    tail = content[-block:].rstrip()[-size:]
    return [*head, *[padding] * (size - len(head)), *[padding] * (size - len(tail)), *tail]


def judge_magika():
    """Labels and scores that the makers recorded with their own code."""
    folder = os.path.join(DATA, "text", "magika")
    with open(os.path.join(folder, "config.min.json")) as f:
        config = json.load(f)
    recorded = os.path.join(folder, "standard_v3_3-inference_examples_by_content.json.gz")
    with gzip.open(recorded) as f:
        examples = [e for e in json.load(f) if e["prediction"]["dl"] != "undefined"][::8]
    rows = [magika_features(base64.b64decode(e["content_base64"]), config) for e in examples]
    (scores,), seconds = pare(model_path("text/magika-standard_v3_3"),
                               {"bytes": np.array(rows, np.int32)})
    labels = config["target_labels_space"]
    worst = 0.0
    for row, example in zip(scores, examples):
        want = example["prediction"]
        assert labels[row.argmax()] == want["dl"], f"{labels[row.argmax()]}, not {want['dl']}"
        worst = max(worst, abs(float(row.max()) - want["score"]))
    return worst, 1e-3, seconds  # ONNX Runtime itself is 1.6e-3 away from the record


def main():
    if not os.path.isdir(os.path.join(DATA, "models")):
        print("skipped: there is no shared data")
        return SKIPPED
    with open(os.path.join(DATA, "models.json")) as f:
        names = [path[len("models/"):-len(".onnx")] for path in json.load(f)]
    special = {"mnist/mnist-zoo": judge_old_mnist}
    jobs = [(n, special.get(n) or (lambda n=n: judge(n))) for n in names if n not in FOREIGN]
    jobs += [("silero: the variants agree", judge_silero), ("magika: as recorded", judge_magika)]
    wanted = sys.argv[1:]
    failed = skipped = 0
    for name, job in jobs:
        if wanted and not any(w in name for w in wanted):
            continue
        begun = time.monotonic()
        try:
            worst, tolerance, seconds = job()
            verdict = "" if worst <= tolerance else f"more than {tolerance:.0e}"
            failed += bool(verdict)
            print(f"{name:40} {worst:9.2e} {seconds:8.2f} s  {verdict}", flush=True)
        except Unsupported as e:
            skipped += 1
            print(f"{name:40} skipped: {e}", flush=True)
        except Exception as e:  # each model is judged alone
            failed += 1
            print(f"{name:40} failed after {time.monotonic() - begun:.1f} s: "
                  f"{type(e).__name__}: {str(e)[:300]}", flush=True)
    for name in sorted(FOREIGN):
        print(f"{name:40} skipped: operators of other libraries")
    print(f"{len(jobs)} runs, {failed} failed, {skipped} cannot be run yet")
    return 1 if failed else 0


sys.exit(main())
