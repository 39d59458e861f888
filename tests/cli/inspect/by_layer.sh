# Layers with their shapes, for people and for programs; --shape and --dim.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
expect 0 inspect m.onnx --by-layer
empty err
grep -q '^act  *Relu  *float\[4\]$' out || die "no layer act"
grep -q '^all 1$' out || die "no sum"

model=$TESTDATA/models/tiny_qdq.onnx
expect 0 inspect "$model" --by-layer
grep -q 'float\[batch,' out || die "the symbol is lost"
expect 0 inspect "$model" --by-layer --dim batch=3
grep -q 'float\[3,' out || die "--dim has no effect"
expect 0 inspect "$model" --by-layer --shape image=5,3,8,8 --json
python3 - <<'END' || die "bad JSON"
import json
report = json.load(open("out"))
layers = report["layers"]
assert sum(layer["params"] for layer in layers) == report["params"]
assert layers[-1]["outputs"][0]["dims"] == [5, 10], layers[-1]
assert report["shape_issues"] == []
END

# what cannot be
for wrong in --dim=batch --dim=batch=x --dim==1 --shape=image --shape=image=1,a --shape=image=1,; do
    expect 2 inspect "$model" --by-layer "$wrong"
done
expect 2 inspect "$model" --by-layer --shape image=1,3,9,8
grep -q "expected 8 in dimension 2, found 9" err || die "the contradiction is not named"
expect 2 inspect "$model" --by-layer --shape other=1
expect 3 inspect "$model" --dim none=1
has err "no input of the model has a dimension 'none'"
