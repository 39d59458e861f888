# A run against an earlier report: what became worse, what cannot be compared, what cannot be read.
. "$SUPPORT/cli.sh"

cp "$TESTDATA"/models/tiny_residual.onnx "$TESTDATA"/models/tiny_depthwise.onnx \
    "$TESTDATA"/models/tiny_shapes.onnx .
base=tiny_residual.onnx model=tiny_depthwise.onnx

expect 0 compare $base $model --report old -q
expect 0 compare $base $model --baseline old/report.json
has out "holds  max-regress energy: $model has +0 %, limit +2 %"
has out "holds  max-regress size"
lacks out "accuracy"
expect 0 compare $base $model --baseline old/report.json --max-regress macs=0%,params=0%,ram=1%
has out "holds  max-regress macs"
lacks out "max-regress energy"

# worse than it was
edit() { python3 - "$@" <<'END'
import json, sys
report = json.load(open("old/report.json"))
exec(sys.argv[1])
json.dump(report, open("edited.json", "w"), indent=2)
END
}
edit 'report["after"]["energy_mj"] *= 0.5; report["after"]["file_bytes"] //= 3'
expect 1 compare $base $model --baseline edited.json
has out "FAILS  max-regress energy: $model has +100 %, limit +2 %"
has out "FAILS  max-regress size"
has out "try first: pare compare OLD NEW --report DIR"
expect 0 compare $base $model --baseline edited.json --max-regress energy=150%,size=300%

# not comparable: never passed over
edit 'report["comparable"]["target_version"] += 1'
expect 1 compare $base $model --baseline edited.json
has out "FAILS  max-regress energy: $model has no comparison, limit +2 %"
has out "the baseline is of version"
has out "holds  max-regress size"
edit 'report["comparable"]["target"] = "elsewhere"'
expect 1 compare $base $model --baseline edited.json
has out "the baseline is of target 'elsewhere', this run of 'ort-x64'"
edit 'report["comparable"]["shapes"] = "x=1"'
expect 1 compare $base $model --baseline edited.json --max-regress macs=10%
has out "the baseline is of inputs x=1, this run of "
edit 'report["after"]["energy_mj"] = None'
expect 1 compare $base $model --baseline edited.json
has out "the baseline has no such figure"
expect 1 compare $base $model --baseline old/report.json --max-regress accuracy=0.5
has out "the baseline has no such figure"
edit 'report["comparable"]["data_sha256"] = "00"'
expect 1 compare $base $model --baseline edited.json --json
json out "[(g['name'], g['comparable']) for g in d['gates'] if not g['passed']] ==
    [('max-regress accuracy', False)]"

# shapes of inputs count
expect 0 compare tiny_shapes.onnx tiny_shapes.onnx --dim batch=2,time=5 --report shapes -q
expect 0 compare tiny_shapes.onnx tiny_shapes.onnx --dim batch=2,time=5 \
    --baseline shapes/report.json
expect 1 compare tiny_shapes.onnx tiny_shapes.onnx --dim batch=2,time=6 \
    --baseline shapes/report.json
has out "the baseline is of inputs x=2x2x5x6, this run of x=2x2x6x6"

# what is no baseline: file and line
expect 3 compare $base $model --baseline missing.json
has err "missing.json: No such file or directory"
expect 3 compare $base $model --baseline $base
has err "$base:1: no JSON: "
printf '{\n  "schema": "pare.inspect/1"\n}\n' >inspect.json
expect 3 compare $base $model --baseline inspect.json
has err 'inspect.json:2: schema: expected "pare.report/1": is this a report.json?'
printf '{\n  "schema": "pare.report/1",\n' >short.json
expect 3 compare $base $model --baseline short.json
has err "short.json:3: no JSON: "
edit 'report["after"]["energy_mj"] = "much"'
expect 3 compare $base $model --baseline edited.json
line=$(grep -n '"much"' edited.json | cut -d: -f1)
has err "edited.json:$line: after.energy_mj: expected a number of 0 or more, or null"
edit 'del report["after"]["macs"]'
expect 3 compare $base $model --baseline edited.json
has err "after.macs: is missing"
edit 'report["comparable"] = []'
expect 3 compare $base $model --baseline edited.json
has err "comparable: expected an object"
printf '[]' >list.json
expect 3 compare $base $model --baseline list.json
mkfifo pipe
expect 3 compare $base $model --baseline pipe

for wrong in energy energy= =2% energy=2 size=2MB enery=2% accuracy=x energy=2%,,size=1% \
    "energy=2%,"; do
    expect 2 compare $base $model --baseline old/report.json --max-regress "$wrong"
done
expect 2 compare $base $model --baseline old/report.json --max-regress enery=2%
has err "did you mean 'energy'?"
