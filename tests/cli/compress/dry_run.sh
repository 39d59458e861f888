# --dry-run: exact sizes and figures, and nothing is written, not even for a moment.
. "$SUPPORT/../cli/compress/common"
mkdir there
chmod 555 there

expect 0 compress shapes.onnx -o there/out.onnx --data shapes.yaml --dry-run
has out "would write there/out.onnx: "
expect 0 compress shapes.onnx -o there/out.onnx --data shapes.yaml --dry-run --json
mv out dry.json
[ -z "$(ls -A there)" ] || die "a dry run has written: $(ls -A there)"
expect 0 compress shapes.onnx -o out.onnx --data shapes.yaml --json
json dry.json "d['after'] == __import__('json').load(open('out'))['after']"
json dry.json "d['after']['file_bytes'] == $(stat -c %s out.onnx)"
expect 1 compress shapes.onnx -o there/out.onnx --data shapes.yaml --dry-run --max-size 1%
[ -z "$(ls -A there)" ] || die "a dry run has written: $(ls -A there)"

# quantize measures likewise
expect 0 quantize shapes.onnx -o there/out.onnx --dry-run --json
mv out dry.json
expect 0 quantize shapes.onnx -o out.onnx --json
json dry.json "d['after']['file_bytes'] == $(stat -c %s out.onnx)"

# external data: what lies beside OUT counts
expect 0 convert shapes.onnx -o ext.onnx --external-data=16KiB
expect 0 compress ext.onnx -o there/out.onnx --dry-run --json
mv out dry.json
expect 0 compress ext.onnx -o small.onnx --json
json dry.json "d['after'] == __import__('json').load(open('out'))['after']"
