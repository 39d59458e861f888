# Models side by side, on several targets, as text, as JSON and as files.
. "$SUPPORT/cli.sh"

cp "$TESTDATA"/models/*.onnx .
expect 0 compare tiny_residual.onnx tiny_depthwise.onnx
has out "on ort-x64"
has out "tiny_residual.onnx"
has out "    Energy "
has out "tiny_depthwise.onnx"
awk 'length($0) > 100 { exit 1 }' out || die "wide lines"

# a model is as good as itself
cp tiny_residual.onnx again.onnx
expect 0 compare tiny_residual.onnx again.onnx
has out "no change"
has out "again.onnx and tiny_residual.onnx need the same energy on ort-x64."
lacks out "cannot tell"

# many models, several targets
expect 0 compare tiny_residual.onnx tiny_depthwise.onnx tiny_transformer_fused.onnx \
    --target ort-x64,raspberry-pi-5
has out "on raspberry-pi-5"
has out "Of 3 models, "
expect 0 compare tiny_residual.onnx tiny_depthwise.onnx tiny_qdq.onnx --json \
    --target ort-x64,raspberry-pi-5
json out "d['schema'] == 'pare.report/1' and d['tool']['verb'] == 'compare' and
    [m['file'] for m in d['models']] ==
        ['tiny_residual.onnx', 'tiny_depthwise.onnx', 'tiny_qdq.onnx'] and
    [on['target'] for on in d['models'][1]['on']] == ['ort-x64', 'raspberry-pi-5'] and
    d['after']['macs'] == d['models'][2]['on'][0]['macs'] and
    d['before']['energy_mj_low'] < d['before']['energy_mj'] < d['before']['energy_mj_high'] and
    abs(sum(d['before']['energy_terms_mj'].values()) - d['before']['energy_mj'])
        < 1e-4 * d['before']['energy_mj']"

# what it means in use
expect 0 compare tiny_residual.onnx tiny_depthwise.onnx \
    --use volume=10M/month,grid=DEU,price=0.25EUR
has out "10 M inferences a month take"
expect 0 compare tiny_residual.onnx tiny_residual.onnx tiny_depthwise.onnx --json \
    --use volume=10M/month,grid=DEU
json out "d['use']['sentence'].startswith('tiny_depthwise.onnx: ') and
    d['use']['kwh_per_month'] > 0 and d['use']['gco2e_per_month'] > 0 and
    d['use']['cost_per_month'] is None"
expect 2 compare tiny_residual.onnx tiny_depthwise.onnx --use volum=1
has err "did you mean 'volume'?"

# what is wrong
expect 2 compare tiny_residual.onnx
has err "'pare compare' needs MODEL..."
expect 3 compare tiny_residual.onnx missing.onnx
expect 2 compare tiny_residual.onnx again.onnx --target nowhere
expect 2 compare tiny_residual.onnx again.onnx --max-regress energy=1%
has err "--max-regress has an effect with --baseline only"

# the same bytes again, and no path of this machine
expect 0 compare tiny_residual.onnx "$PWD/tiny_depthwise.onnx" --report one -q
expect 0 compare tiny_residual.onnx "$PWD/tiny_depthwise.onnx" --report two -q
for file in report.html report.md report.json results.csv junit.xml; do
    same one/$file two/$file
    lacks one/$file "$PWD"
done
[ "$(sha256sum <tiny_residual.onnx | cut -d' ' -f1)" = \
    "$(python3 -c 'import json; print(json.load(open("one/report.json"))["input"]["sha256"])')" ] ||
    die "another sha256"
python3 - <<'END' || die "bad XML or CSV"
import csv, xml.etree.ElementTree as tree
assert tree.parse("one/junit.xml").getroot().get("tests") == "1"
rows = list(csv.DictReader(open("one/results.csv", newline="")))
assert [row["model"] for row in rows] == ["tiny_residual.onnx", "tiny_depthwise.onnx"], rows
assert float(rows[1]["energy_ratio_low"]) <= float(rows[1]["energy_ratio"])
END
expect 2 compare tiny_residual.onnx tiny_depthwise.onnx --report tiny_qdq.onnx
