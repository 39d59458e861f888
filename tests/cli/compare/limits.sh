# Limits are gates: what holds, what fails and why, and how limits are written.
. "$SUPPORT/cli.sh"

cp "$TESTDATA"/models/tiny_residual.onnx "$TESTDATA"/models/tiny_depthwise.onnx .
base=tiny_residual.onnx model=tiny_depthwise.onnx
size=$(stat -c %s $model)

expect 0 compare $base $model --max-size ${size}B --max-params 1G --max-energy 1kJ --max-ram 1GiB
has out "holds  max-size: $model has"
has out "All 4 limits hold."
expect 1 compare $base $model --max-size $((size - 1)) --report pages
has out "FAILS  max-size: $model has $size B, limit $((size - 1)) B"
has out "1 B above the"
has out "try first: "
has pages/report.md "**FAILS**"
has pages/report.html "A limit fails"
has pages/junit.xml 'failures="1"'
expect 1 compare $base $model --max-size $((size - 1)) --json
json out "[(g['name'], g['passed'], g['comparable']) for g in d['gates']] ==
    [('max-size', False, True)]"

# percentages are of the first model
expect 0 compare $base $base --max-energy 100% --max-latency 100% --max-macs 100% --max-flash 100%
expect 1 compare $base $base --max-energy 99.9%
has out "FAILS  max-energy: $base has 100 %, limit 99.9 %"
has out "try first: look at layer"
# every model has to keep to them
expect 1 compare $base $base $model $model --max-macs 99%

for wrong in --max-energy=5 --max-energy=-5mJ --max-energy=5MJ --max-energy=mJ --max-latency=5 \
    --max-latency=1e3ms --max-size=1XB --max-size=5.MB --max-params=% --max-macs=3%% --max-ram= \
    --max-flash=1.0000000000000000000000MB; do
    expect 2 compare $base $model "$wrong"
done
expect 2 compare $base $model --max-energy 5
has err "option '--max-energy': expected a percentage or an energy, such as 45% or 5mJ, found '5'"
expect 2 compare $base $model --max-drop 1

# a target that says nothing about energy cannot hold a limit on it
cat >rules.yaml <<'END'
pare: 1
target: rules-only
title: Rules without hardware
version: 1
END
expect 1 compare $base $model --target ./rules.yaml --max-energy 1kJ
has out "FAILS  max-energy: $model has unknown, limit 1kJ"
has out "Energy is not known on target 'rules-only'"
expect 0 compare $base $model --target ./rules.yaml --max-size 1GB --report rules
lacks rules/report.html "nan"
