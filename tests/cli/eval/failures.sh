# What eval refuses, and what it says to do.
. "$SUPPORT/../cli/eval/common"

unary_model id.onnx Identity
npz d.npz 'x=f4:6,4:(i*5)%11' 'labels=i8:6:r' 'good=i8:6:r%4'
printf 'source: d.npz\nlabels: labels\n' >d.yaml
printf 'source: d.npz\nlabels: good\n' >good.yaml

expect 2 eval
has err 'needs'
expect 2 eval --data d.yaml
has err 'nothing to evaluate: give a MODEL or --predictions'
expect 2 eval id.onnx --data good.yaml --metrics topp1
has err "unknown metric 'topp1'"
has err "did you mean 'top1'?"
expect 2 eval id.onnx --data good.yaml --metrics agreement
has err "metric 'agreement' needs a reference"
expect 2 eval id.onnx --data good.yaml --max-drop 1
has err '--max-drop needs --reference'
expect 2 eval id.onnx --data good.yaml --reference id.onnx --max-drop much
has err '--max-drop: expected points from 0 to 100'
expect 2 eval id.onnx --data good.yaml --by-layer
has err '--by-layer compares two models'
expect 3 eval id.onnx --data nowhere.yaml
expect 3 eval nowhere.onnx --data good.yaml

# Labels beyond the classes.
expect 3 eval id.onnx --data d.yaml
has err "label"
has err "offset"
# Nothing to score.
npz u.npz 'x=f4:6,4:(i*5)%11'
expect 3 eval id.onnx --data u.npz
has err 'nothing to score: the data have no labels, and there is no reference'
# Not a number among the inputs.
npz nan.npz 'x=f4:6,4:nan if i==9 else i' 'labels=i8:6:r%4'
expect 3 eval id.onnx --data nan.npz
has err "NaN"
# An output that is not there, and one that is no answer.
expect 3 eval id.onnx --data good.yaml --output z
has err "no output 'z'"
# Too little memory.
expect 5 eval id.onnx --data good.yaml --max-memory 4KiB
