# Limits are gates: OUT stays as it was, the rejected model is beside it, and the reason is told.
. "$SUPPORT/../cli/quantize/common"
data_for 64
echo old >out.onnx

expect 1 quantize tiny_residual.onnx -o out.onnx --data d.yaml --samples 32 --max-size 10%
has out "FAILS  max-size: out.onnx has"
has out "wrote out.rejected.onnx: "
has out "out.onnx is as it was: a limit does not hold"
[ "$(cat out.onnx)" = old ] || die "out.onnx was changed"
expect 0 inspect out.rejected.onnx
rm out.rejected.onnx

expect 0 quantize tiny_residual.onnx -o out.onnx --data d.yaml --samples 32 --max-drop 100 \
    --min-agreement 10% --max-params 1M
has out "judged on 32 other samples:"
has out "holds  max-drop: out.onnx has"
has out "holds  min-agreement: out.onnx has"
[ ! -e out.rejected.onnx ] || die "left behind: out.rejected.onnx"

# answers change where calibration sees nothing of what comes
npz zero.npz "image=f4:8,3,16,16:k*0.001*(r==0)"
npz loud.npz "image=f4:32,3,16,16:(r%7-3)*99*math.sin(k*r)+r*r*math.cos(k*k)"
printf 'source: loud.npz\nmetrics: [agreement]\n' >loud.yaml
expect 0 quantize tiny_residual.onnx -o poor.onnx --data zero.npz --calibration minmax \
    --correct none --eval-data loud.yaml --min-agreement 100%
has out "stay in floats"
has out "holds  min-agreement: poor.onnx has"
rm poor.onnx
expect 1 quantize tiny_residual.onnx -o poor.onnx --data zero.npz --calibration minmax \
    --correct none --eval-data loud.yaml --min-agreement 100% --max-size 10%
has out "FAILS  max-size: poor.onnx has"
has out "try first: "
has out "times its limit at best with what loses little enough"
[ ! -e poor.onnx ] || die "poor.onnx was written"

expect 1 quantize tiny_residual.onnx -o out.onnx --data d.yaml --max-size 10% --dry-run
[ ! -e out.rejected.onnx ] || die "a dry run has written"
expect 3 quantize tiny_residual.onnx -o out.onnx --data d.yaml --max-drop 1
has err "no samples to judge --max-drop or --min-agreement by: "
expect 2 quantize tiny_residual.onnx -o out.onnx --max-drop 1
has err "--max-drop and --min-agreement need samples to be judged by: give --data or --eval-data"
expect 2 quantize tiny_residual.onnx -o out.onnx --max-size 5XB

# the report: figures before and after, accuracy, the step, errors of layers
expect 0 quantize tiny_residual.onnx -o small.onnx --data d.yaml --samples 32 --report pages \
    --exclude op:Gemm
json pages/report.json "d['tool']['verb'] == 'quantize' and d['output']['file'] == 'small.onnx'"
json pages/report.json "d['before']['file_bytes'] > d['after']['file_bytes']"
json pages/report.json "d['after']['accuracy']['samples'] == 32"
json pages/report.json "d['steps'][0]['name'] == 'quantize'"
json pages/report.json "'exclude=op:Gemm' in d['steps'][0]['options']"
json pages/report.json "len(d['steps'][0]['skipped']) == 1"
json pages/report.json "any((l['sqnr_db'] or 0) > 10 for l in d['layers'])"
python3 "$SUPPORT/schema_check.py" "$SUPPORT/../../docs/report.schema.json" pages/report.json ||
    die "report.json is not of its schema"
expect 0 quantize tiny_residual.onnx -o small.onnx --data d.yaml --json
json out "d['schema'] == 'pare.report/1' and not d['gates']"

# a limit on accuracy is a goal: products are left in floats until it holds
expect 0 quantize tiny_residual.onnx -o kept.onnx --data zero.npz --calibration minmax \
    --correct none --eval-data loud.yaml --max-drop 0
has out "stay in floats, for the limits: "
has out "holds  max-drop: kept.onnx has"
