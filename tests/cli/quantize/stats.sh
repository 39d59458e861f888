# --stats FILE keeps what calibration found, and is believed only for the same model and data; and
# what can be done without data.
. "$SUPPORT/../cli/quantize/common"
data_for 64

expect 0 quantize tiny_residual.onnx -o a.onnx --data d.yaml --stats s.stats
cp s.stats before.stats
expect 0 quantize tiny_residual.onnx -o b.onnx --data d.yaml --stats s.stats
same a.onnx b.onnx
same s.stats before.stats
expect 0 quantize tiny_residual.onnx -o c.onnx --stats s.stats
has out "64 samples"
expect 3 quantize tiny_residual.onnx -o d.onnx --data d.yaml --samples 32 --stats s.stats
has err "the statistics are of other data, or of other samples of them"
expect 3 quantize tiny_depthwise.onnx -o d.onnx --activations uint8 --stats s.stats
has err "the statistics are of another model"
head -c 1000 s.stats >cut.stats
expect 3 quantize tiny_residual.onnx -o d.onnx --stats cut.stats
has err "the statistics are damaged: their check sum is another"
expect 3 quantize tiny_residual.onnx -o d.onnx --stats d.yaml
has err "no statistics: expected a file that --stats wrote"
expect 0 quantize tiny_residual.onnx -o d.onnx --data d.yaml --stats none.stats --dry-run
[ ! -e none.stats ] || die "a dry run has written"
[ ! -e d.onnx ] || die "d.onnx was written"

# without data: ranges from BatchNormalization
expect 0 quantize tiny_residual.onnx -o norm.onnx
has out "ranges of activations from BatchNormalization's statistics: there are no data"
has out "without data nothing tells the range of its input or output"
has norm.onnx QuantizeLinear
expect 0 eval norm.onnx --reference tiny_residual.onnx --data d.yaml --json
json out "[m['value'] for m in d['metrics'] if m['metric'] == 'sqnr'][0] > 20"
