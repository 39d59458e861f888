# What can be asked for: each form is written, runs, and stays near the model; the same bytes at any
# number of threads.
. "$SUPPORT/../cli/quantize/common"
data_for 64
cp tiny_residual.onnx before.onnx

# near WORD...: quantizes with these options and holds the outputs to those of the model.
near() {
    local least=$1
    shift
    expect 0 quantize tiny_residual.onnx -o q.onnx "$@"
    same tiny_residual.onnx before.onnx
    expect 0 eval q.onnx --reference tiny_residual.onnx --data d.yaml --json
    json out "[m['value'] for m in d['metrics'] if m['metric'] == 'sqnr'][0] > $least"
}

near 25 --data d.yaml
expect 0 quantize tiny_residual.onnx -o a.onnx --data d.yaml --threads 1
has out "weights int8, activations uint8, qdq, 64 samples"
has out "integers       100.0 % of the MACs, 4 of 4 products"
has out "wrote a.onnx: "
expect 0 quantize tiny_residual.onnx -o b.onnx --data d.yaml --threads 3 --quiet
empty out
same a.onnx b.onnx
has b.onnx "pare.history"
has b.onnx "quantize weights=int8 activations=uint8 algorithm=gptq format=qdq correct=auto"

near 25 --data d.yaml --format qoperator
has q.onnx QLinearConv
lacks q.onnx DequantizeLinear_
for method in minmax percentile mse; do near 35 --data d.yaml --calibration $method; done
near 10 --data d.yaml --calibration entropy
near 20 --data d.yaml --per-tensor
near 25 --data d.yaml --correct none
near 25 --data d.yaml --correct bias
near 30 --data d.yaml --activations int16
near 25 --data d.yaml --target ort-arm64
near 30 --data d.yaml --exclude 'op:Gemm' --exclude layer:first
near 100 --data d.yaml --override '*=float'
near 30 --weights int8 --activations none
near 8 --weights int4
near 8 --weights int4 --data d.yaml --algorithm gptq
near 15 --data d.yaml --override layer:last=int4
near 50 --weights float16

# transformers get ranges while they run
expect 0 quantize tiny_transformer_fused.onnx -o t.onnx
has out "weights int8, activations dynamic"
has out "activations dynamic: a transformer"
has t.onnx DynamicQuantizeLinear

# nothing is left behind, whatever is told
expect 0 quantize tiny_residual.onnx -o none.onnx --data d.yaml --dry-run
has out "would write none.onnx: $(sed -n 's/^wrote a.onnx: //p' <<<"$("$PARE" quantize \
    tiny_residual.onnx -o a.onnx --data d.yaml)")"
[ ! -e none.onnx ] || die "a dry run has written"
