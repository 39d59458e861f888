# A report is enough to make its model once more; what is not as it was is named.
. "$SUPPORT/cli.sh"
cp "$TESTDATA"/shapes/* .
echo "split: {calibrate: 64, eval: 32}" >>shapes.yaml
edit() { python3 - "$@" <<'END'
import json, sys
report = json.load(open(sys.argv[2]))
exec(sys.argv[1])
json.dump(report, open("edited.json", "w"), indent=2)
END
}

expect 0 quantize shapes.onnx -o small.onnx --data shapes.yaml --threads 1 \
    --report rep -q
mkdir tmp
export TMPDIR=$PWD/tmp
for threads in 1 2 3; do
    expect 0 reproduce rep/report.json --threads $threads
    has out "the same bytes: small.onnx has sha256 $(sha256sum small.onnx | cut -c1-64)"
done
expect 0 reproduce rep/report.json -o again.onnx -q
same small.onnx again.onnx
empty out
expect 0 reproduce rep/report.json --json
json out "d['schema'] == 'pare.reproduce/1' and d['same'] and d['differences'] == []"
[ -z "$(ls tmp)" ] || die "left behind: $(ls tmp)"

# files beneath another folder; of several models the one with the right content
mkdir -p elsewhere/models/old elsewhere/data
mv shapes.onnx elsewhere/models/old/
cp "$TESTDATA"/models/tiny_residual.onnx elsewhere/models/shapes.onnx
mv shapes.yaml images.idx labels.idx elsewhere/data/
expect 3 reproduce rep/report.json --data-root elsewhere/data
has err "elsewhere/data: there is no 'shapes.onnx' in it or beneath it; --data-root says where"
expect 0 reproduce rep/report.json --data-root elsewhere

# other samples, other preprocessing, another model
sed -i 's/divide: 255/divide: 254/' elsewhere/data/shapes.yaml
expect 1 reproduce rep/report.json --data-root elsewhere
has out "other bytes: small.onnx had sha256 "
has out "differs  data: samples for calibration of shapes.yaml are not those of the report"
sed -i 's/divide: 254/divide: 255/' elsewhere/data/shapes.yaml
rm elsewhere/models/old/shapes.onnx
python3 - "$TESTDATA"/shapes/shapes.onnx elsewhere/models/shapes.onnx <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[100000] ^= 64 # in the weights
open(sys.argv[2], "wb").write(data)
END
expect 1 reproduce rep/report.json --data-root elsewhere --json
json out "not d['same'] and d['differences'][0].startswith('model: sha256: the report has ')"
cp "$TESTDATA"/shapes/* .
echo "split: {calibrate: 64, eval: 32}" >>shapes.yaml

# another version of a target, of pare, another kernel level
edit 'report["targets"][0]["version"] = 99; report["tool"]["version"] = "0.0.1"' rep/report.json
expect 0 reproduce edited.json
has out "the same bytes"
has out "differs  target ort-x64: the report is of version 99, this run of "
has out "differs  version of pare: the report has 0.0.1, this run "
PARE_ISA=scalar "$PARE" reproduce rep/report.json >out.txt 2>err || true
has out.txt "differs  kernel level: the report has "

# a limit that does not hold: the rejected model is the same
expect 1 quantize shapes.onnx -o no.onnx --data shapes.yaml --max-size 1% \
    --report gate -q
expect 0 reproduce gate/report.json

# what only looks like a report, or would have something done that it should not
expect 3 reproduce shapes.yaml
has err "shapes.yaml:1: no JSON: "
edit 'del report["arguments"]' rep/report.json
expect 3 reproduce edited.json
has err "does not say how the model was made: expected 'arguments'"
for words in '["inspect", "shapes.onnx"]' '["reproduce", "edited.json"]' \
    '["convert", "shapes.onnx"]' \
    '["rm", "shapes.onnx"]' '["run", "shapes.onnx", "--output-dir=."]' '[]'; do
    edit "report['arguments'] = $words" rep/report.json
    expect 3 reproduce edited.json
done
edit "report['arguments'][1] = '../../etc/passwd'" rep/report.json
expect 3 reproduce edited.json
has err "expected the plain name of a file, found '../../etc/passwd'"
edit "report['arguments'][3] = '--data=/etc/passwd'" rep/report.json
expect 3 reproduce edited.json
cp shapes.yaml before.yaml
edit "report['arguments'] += ['--output=shapes.onnx', '--report=here', '--stats=shapes.yaml']" \
    rep/report.json
expect 0 reproduce edited.json
same shapes.onnx "$TESTDATA"/shapes/shapes.onnx
cmp -s shapes.yaml before.yaml || die "shapes.yaml was written"
[ ! -e here ] || die "a report says where files are written"
edit "report['arguments'] += ['-o', 'evil.onnx']" rep/report.json
expect 3 reproduce edited.json
[ ! -e evil.onnx ] || die "a report says where files are written"
edit "report['arguments'].append(['a'])" rep/report.json
expect 3 reproduce edited.json
has err "arguments: expected a list of texts"
edit "report['data'] = [1]" rep/report.json
expect 3 reproduce edited.json
edit "report['arguments'].append('--no-such-option=1')" rep/report.json
expect 2 reproduce edited.json
[ -z "$(ls tmp)" ] || die "left behind: $(ls tmp)"
