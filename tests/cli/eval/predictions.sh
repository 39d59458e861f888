# Outputs written by eval, and outputs that were made elsewhere.
. "$SUPPORT/../cli/eval/common"

unary_model id.onnx Identity
unary_model neg.onnx Neg
npz d.npz 'x=f4:12,4:(i*5)%11+i/100' 'labels=i8:12:r%4'
printf 'source: d.npz\nlabels: labels\n' >d.yaml

expect 0 eval id.onnx --data d.yaml --save-predictions p.npz --save-inputs i.npz --json
cp out first
python3 - <<'END' || die "the files are not what they should be"
import zipfile
p, i = zipfile.ZipFile("p.npz"), zipfile.ZipFile("i.npz")
assert p.testzip() is None and i.testzip() is None
assert p.namelist() == ["y.npy", "labels.npy", "rows.npy"], p.namelist()
assert i.namelist() in (["input.npy", "rows.npy"], ["x.npy", "rows.npy"]), i.namelist()
assert p.read("y.npy") == i.read(i.namelist()[0])
END
expect 0 eval --predictions p.npz --data d.yaml --json
python3 - <<'END' || die "scored otherwise"
import json
a, b = json.load(open("first")), json.load(open("out"))
assert a["metrics"] == b["metrics"] and a["right"] == b["right"] and a["worst"] == b["worst"]
END
# A part of the samples: told by their rows.
expect 0 eval id.onnx --data d.yaml --limit 5 --save-predictions part.npz --json
cp out first
expect 0 eval --predictions part.npz --data d.yaml --limit 5 --json
json out 'd["right"] == json.load(open("first"))["right"]'
expect 3 eval --predictions part.npz --data d.yaml
has err 'the predictions have no row for it'
# Against a model, which runs.
expect 0 eval --predictions p.npz --data d.yaml --reference neg.onnx
has out 'predictions on d.yaml: 12 samples, against neg.onnx'
# Made elsewhere: all rows, any name.
npz other.npy 'y=f4:12,4:k==r%4'
expect 0 eval --predictions other.npy --data d.yaml
has out 'right: 12 of 12'
npz other.npz 'scores=f4:12,4:k==r%4'
expect 0 eval --predictions other.npz --data d.yaml
has out 'right: 12 of 12'
npz short.npz 'scores=f4:11,4:k==r%4'
expect 3 eval --predictions short.npz --data d.yaml
has err "sample 'd.npz: row 11': the predictions have no row for it"
npz wide.npz 'scores=f4:12:k==r%4'
expect 3 eval --predictions wide.npz --data d.yaml
has err 'two or more classes'
npz bad.npz 'scores=f4:12,4:k' 'rows=i8:12:0'
expect 3 eval --predictions bad.npz --data d.yaml
has err 'bad.npz: rows: expected ascending'
expect 3 eval --predictions d.yaml --data d.yaml
expect 3 eval --predictions nothing.npz --data d.yaml
expect 3 eval --predictions other.npz --data d.yaml --output classes
has err 'other.npz: has no array called classes'
expect 2 eval id.onnx --predictions p.npz --data d.yaml
has err 'a model is given, and --predictions as well'
