"""Every real model with convolutions or attention gives up 30 % of its multiplications, without
data, in channels of any number; ONNX Runtime runs what is left as `pare run` does. Those that
cannot are told why. Without the shared data: skipped. Arguments: parts of names of models."""
import os
import subprocess
import sys

from runs import PARE, agreement, batches_of, session_of

MODELS = os.path.join(os.environ.get("PARE_SHARED", ""), "data", "models")
SKIPPED = 77
SPEECH = ["--shape", "input=1,576", "--shape", "state=2,1,128"]
CASES = [
    ("audio/silero_vad", SPEECH), ("audio/silero_vad_half", SPEECH),
    ("audio/silero_vad_op18_ifless", SPEECH), ("cifar10/ms-tutorial-cnn", []),
    ("cifar10/resnet20-bn", []), ("cifar10/resnet56", []), ("cifar10/vit-pgd_2_3_16", []),
    ("imagenet/mobilenetv2-1.0-224-deq", []), ("imagenet/mobilenetv2-imagenette10", []),
    ("imagenet/squeezenet-fp16", []), ("imagenet/squeezenet1.1", []),
    ("loader/cgan32-convtranspose", []), ("loader/mnist-concat-distshift", []),
    ("mnist/lenet-caffe", []), ("mnist/mnist-cntk-winml", []),
    ("text/bytegpt-4l128", ["--dim", "T=16"]), ("text/magika-standard_v3_3", []),
    ("text/sst2-transformer-2l128", []), ("tinyml/mlperf-tiny-ad-autoencoder", []),
    ("tinyml/mlperf-tiny-kws-dscnn", []), ("tinyml/mlperf-tiny-resnet8", []),
    ("tinyml/mlperf-tiny-vww-mbv1-0.25", []), ("vision/super_resolution", []),
    ("vision/ultraface-rfb-320", []),
]
# What keeps all of a model's channels: states that come in and go out, a mean over them.
REFUSED = [("audio/dtln_1", "an input or output of the graph"),
           ("audio/dtln_2", "ReduceMean: a mean is over it")]
LEAST = 50  # decibels that both runs agree to
HALVES = 30


def prune(name, options):
    words = [PARE, "prune", os.path.join(MODELS, name + ".onnx"), "-o", "out.onnx", "--max-macs",
             "70%", "--round-to", "1", "--criterion", "l2", "--quiet"]
    return subprocess.run(words + options, capture_output=True, text=True)


def judge(name, options):
    done = prune(name, options)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
    session = session_of("out.onnx")
    worst = min(agreement("out.onnx", session, batch) for batch in batches_of(session))
    assert worst >= (HALVES if name.endswith("fp16") else LEAST), f"{worst:.1f} dB"
    print(f"{name}: runs agree to {worst:.0f} dB")


def main():
    if not os.path.isdir(MODELS):
        print("no shared data")
        sys.exit(SKIPPED)
    os.makedirs("got", exist_ok=True)
    failed = 0
    for name, options in CASES:
        if sys.argv[1:] and not any(part in name for part in sys.argv[1:]):
            continue
        try:
            judge(name, options)
        except Exception as why:  # whatever ONNX Runtime raises
            failed += 1
            print(f"{name}: {why}")
    for name, why in REFUSED:
        done = prune(name, [])
        if done.returncode != 4 or why not in done.stderr:
            failed += 1
            print(f"{name}: exit status {done.returncode}: {done.stderr}")
    sys.exit(failed > 0)


main()
