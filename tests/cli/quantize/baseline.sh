# A run of a rewriting verb against an earlier report, and what the report keeps to be made again.
. "$SUPPORT/../cli/quantize/common"
data_for 64
model=tiny_residual.onnx

expect 0 quantize $model -o small.onnx --data "$PWD/d.yaml" --samples 32 --report old -q --threads 1
json old/report.json "d['arguments'] == ['quantize', 'tiny_residual.onnx', '--output=small.onnx',
    '--data=d.yaml', '--samples=32']"
json old/report.json "d['reproduce'] == 'pare ' + ' '.join(d['arguments'])"
json old/report.json "[(x['role'], x['file'], x['samples'], len(x['sha256'])) for x in d['data']] ==
    [('calibration', 'd.yaml', 32, 64), ('evaluation', 'd.yaml', 32, 64)]"
json old/report.json "d['comparable']['data_sha256'] == d['data'][1]['sha256']"
json old/report.json "d['tool']['kernel_level'] and d['since_baseline'] is None"
! grep -qF "$PWD" old/* || die "a report names the folder"

# the same again: nothing became worse, and the page says so
expect 0 quantize $model -o small.onnx --data d.yaml --samples 32 --baseline old/report.json \
    --report new -q
json new/report.json "{g['name'] for g in d['gates'] if g['passed']} ==
    {'max-regress energy', 'max-regress size', 'max-regress accuracy'}"
json new/report.json "all(f['was'] == f['is'] for f in d['since_baseline']['figures']
    if f['figure'] in ('macs', 'params', 'size'))"
has new/report.html "<h2>Since the baseline</h2>"
has new/report.md "| since \`small.onnx\` | was | is | change |"

# worse than it was: OUT stays
cp small.onnx before.onnx
expect 1 quantize $model -o small.onnx --data d.yaml --samples 32 --exclude '*' \
    --baseline old/report.json --max-regress size=1%
has out "FAILS  max-regress size: small.onnx has +"
same small.onnx before.onnx
[ -e small.rejected.onnx ] || die "no rejected model"

# other samples are no comparison
printf 'source: d.npz\nkey: image\nlabels: labels\nmetrics: [top1]\nsplit: {eval: 0-15}\n' >e.yaml
expect 1 quantize $model -o small.onnx --data d.yaml --eval-data e.yaml --samples 32 \
    --baseline old/report.json
has out "FAILS  max-regress accuracy: small.onnx has no comparison"
has out "the baseline was evaluated on other data"
expect 2 quantize $model -o small.onnx --max-regress size=1%
has err "--max-regress has an effect with --baseline only"
expect 3 quantize $model -o small.onnx --baseline d.yaml
