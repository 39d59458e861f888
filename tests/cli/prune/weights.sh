# Other things than channels: zeros among weights by pattern, low rank, whole blocks.
. "$SUPPORT/../cli/prune/common"
data="--data shapes.yaml --samples 32"

expect 0 prune shapes.onnx -o q.onnx $data --pattern 2:4 --report pages
has out "30272 of 60544 weights are zero (50 %), in pattern 2:4; chosen by sparsegpt, repaired by"
has out "target ort-x64 makes no use of zeros: energy and time stay as they are"
has out "kept whole: /conv1 (Conv): fewer inputs than the pattern takes together"
has out "  /conv2: 2304 of 4608 weights left, error"
json pages/report.json "d['steps'][0]['removed'][0]['what'] == 'weights'"
json pages/report.json "'pattern=2:4' in d['steps'][0]['options']"
python3 "$SUPPORT/schema_check.py" "$SUPPORT/../../docs/report.schema.json" pages/report.json ||
    die "report.json is not of its schema"

# half of them, without data by magnitude; as many as a limit takes
expect 0 prune shapes.onnx -o q.onnx --pattern unstructured
has out "30344 of 60688 weights are zero (50 %), in pattern unstructured; chosen by magnitude, not"
expect 0 prune shapes.onnx -o q.onnx --pattern unstructured --sparsity 80% --exclude /conv1
has out "kept whole: /conv1 (Conv)"
expect 0 prune shapes.onnx -o s.onnx --pattern unstructured --sparsity 80% --sparse-storage
has out "initializers are stored as SparseTensors, a place of 8 bytes with each value; "
expect 0 inspect s.onnx
expect 0 run s.onnx
expect 0 prune shapes.onnx -o q.onnx $data --pattern 1x4 --criterion wanda --repair none
has out "in pattern 1x4; chosen by wanda, not repaired"
expect 2 prune shapes.onnx -o q.onnx --pattern 2:4 --sparsity 30%
has err "sparsity: pattern 2:4 makes 50% of the weights zero, found 30%: leave it away"
expect 2 prune shapes.onnx -o q.onnx --pattern 3:2
expect 2 prune shapes.onnx -o q.onnx --pattern frob

# products become two thinner ones; blocks go
expect 0 prune shapes.onnx -o q.onnx $data --what rank --max-macs 70% --exclude /conv2
has out "products became two thinner ones"
has out "  /conv4: "
has out "kept whole: /conv2 (Conv): excluded"
expect 0 inspect q.onnx
expect 0 prune tiny_residual.onnx -o q.onnx --what blocks --max-macs 70%
has out "1 of 1 residual blocks went"
has out "  /block/add_out: gone"
expect 1 prune tiny_residual.onnx -o q.onnx --what blocks --max-macs 70% --exclude '/block/*'
has out "0 of 1 residual blocks went"
expect 4 prune shapes.onnx -o q.onnx --what blocks --max-macs 70%
has err "no residual block can go"
