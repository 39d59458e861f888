# Wrong uses and what cannot be quantized: refused in words, and nothing is written.
. "$SUPPORT/../cli/quantize/common"
data_for 64

# refused STATUS MESSAGE WORD...
refused() {
    local status=$1 message=$2
    shift 2
    expect "$status" quantize "$@"
    has err "$message"
    [ ! -e q.onnx ] || die "q.onnx was written"
}

refused 2 "'pare quantize' needs -o, --output OUT" tiny_residual.onnx
refused 2 "tiny_residual.onnx: OUT is MODEL itself" tiny_residual.onnx -o tiny_residual.onnx
refused 2 "option '--weights': expected one of auto, int8" tiny_residual.onnx -o q.onnx \
    --weights int5
refused 2 "did you mean 'int8'?" tiny_residual.onnx -o q.onnx --weights int5
refused 2 "activations in integers need data" tiny_transformer_fused.onnx -o q.onnx \
    --activations uint8
refused 2 "scheme w4a16 contradicts" tiny_residual.onnx -o q.onnx --scheme w4a16 --weights int8
refused 2 "block-size: expected a power of two" tiny_residual.onnx -o q.onnx --weights int4 \
    --block-size 33
refused 2 "algorithms awq and hqq are for weights alone" tiny_residual.onnx -o q.onnx \
    --data d.yaml --algorithm awq
refused 2 "under dynamic activations weights are rounded" tiny_residual.onnx -o q.onnx \
    --activations dynamic --algorithm gptq
refused 2 "algorithm has no effect on weights under activations in integers without" \
    tiny_residual.onnx -o q.onnx --algorithm gptq
refused 2 "exclude: pattern 'layer:frist'" tiny_residual.onnx -o q.onnx --exclude layer:frist \
    --data d.yaml
refused 2 "override 'op:Conv'" tiny_residual.onnx -o q.onnx --override op:Conv --data d.yaml
refused 3 "the model is quantized already: node '" tiny_qdq.onnx -o q.onnx
refused 3 "nowhere.onnx: No such file" nowhere.onnx -o q.onnx
refused 3 "nowhere.yaml" tiny_residual.onnx -o q.onnx --data nowhere.yaml

# NaN in the data names the sample; one sample, or a constant, is a warning or a range of its own
npz n.npz "image=f4:8,3,16,16:nan if r==3 and k==5 else 1.0*k"
refused 3 "n.npz: row 3" tiny_residual.onnx -o q.onnx --data n.npz
npz one.npz "image=f4:1,3,16,16:math.sin(k)"
expect 0 quantize tiny_residual.onnx -o one.onnx --data one.npz
has err "ranges come from 1 sample only"
npz flat.npz "image=f4:8,3,16,16:0.0"
expect 0 quantize tiny_residual.onnx -o flat.onnx --data flat.npz
expect 0 run flat.onnx
expect 0 quantize tiny_residual.onnx -o none.onnx --data d.yaml --exclude 'nothing*'
has err "exclude: no node matches 'nothing*'"
