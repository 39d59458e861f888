# What compress made by a recipe or a preset is made once more.
. "$SUPPORT/cli.sh"
cp "$TESTDATA"/shapes/* .

expect 0 compress shapes.onnx -o small.onnx --data shapes.yaml --report rep -q --threads 1
json rep/report.json "d['tool']['recipe'] == 'int8' and 'quantize' in d['tool']['recipe_text']"
python3 "$SUPPORT/schema_check.py" "$SUPPORT/../../docs/report.schema.json" rep/report.json ||
    die "report.json is not of its schema"
expect 0 reproduce rep/report.json --threads 2
has out "the same bytes"

cat >r.yaml <<'END'
pare: 1
data:
  calibration: {from: shapes.yaml, take: 64}
limits: {max-drop: 2}
steps:
  - quantize: {weights: int8}
END
expect 0 compress shapes.onnx -o other.onnx --recipe r.yaml --set quantize.correct=none \
    --report two -q
expect 0 reproduce two/report.json
has out "the same bytes"
sed -i 's/int8/int4/' r.yaml
expect 1 reproduce two/report.json
has out "differs  recipe: is not that of the report"
rm r.yaml # the report has it
mkdir empty
expect 3 reproduce two/report.json --data-root empty
has err "there is no 'shapes.onnx'"
