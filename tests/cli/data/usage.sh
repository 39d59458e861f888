# Descriptions to begin with, and what the verb refuses.
. "$SUPPORT/cli.sh"

mkdir -p val/cat val/dog
cp "$TESTDATA/images/rgb.jpg" val/cat/1.jpg
cp "$TESTDATA/images/rgb-444.jpg" val/cat/2.jpg
cp "$TESTDATA/images/rgb.png" val/dog/3.png
cp "$TESTDATA/images/progressive.jpg" val/dog/4.jpg

expect 0 data init val
has out "# 4 samples (images)"
has out "labels: folders"
has out "GUESS: without a model (--model) nothing tells sizes and numbers."

# Written beside it, with a path that holds from there.
mkdir sub
expect 0 data init val -o sub/val.yaml --model "$TESTDATA/models/tiny_qdq.onnx"
text out <<'END'
wrote sub/val.yaml
END
has sub/val.yaml "source: ../val"
has sub/val.yaml "{crop: 8}, imagenet]"
expect 0 data init val --json
json out 'd["schema"] == "pare.data-init/1" and "labels: folders" in d["description"]'

# A list of labels beside it; a background class; a configuration beside the model.
printf '1.jpg 3\n2.jpg 3\n3.png 4\n4.jpg 4\n' >val.txt
expect 0 data init val
has out "labels: val.txt"
cp "$TESTDATA/models/tiny_qdq.onnx" m.onnx
echo '{"size": 8, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}' \
    >preprocessor_config.json
expect 0 data init val --model m.onnx
has out "preprocess: preprocessor_config.json"

# What it makes is read again.
expect 0 data init val -o val.yaml --model m.onnx
expect 0 data check val.yaml --model m.onnx --output-dir look
has out "samples   4 looked at, with labels"
[ -s look/samples.png ] || die "no sheet"

expect 2 data look val
has err "expected 'init' or 'check', found 'look'"
expect 2 data check val
has err "data check: --model is required"
expect 2 data check val --model m.onnx -o x
has err "--output is for 'data init'"
expect 2 data init val --output-dir x
has err "--output-dir is for 'data check'"
expect 3 data init missing
has err "missing"
expect 3 data check missing --model m.onnx
has err "missing"
