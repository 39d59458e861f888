# What CI systems are told, and that names in a model cannot speak to them.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

cp "$TESTDATA"/models/tiny_residual.onnx "$TESTDATA"/models/tiny_depthwise.onnx .
base=tiny_residual.onnx model=tiny_depthwise.onnx
unset GITHUB_ACTIONS GITLAB_CI GITHUB_STEP_SUMMARY GITHUB_OUTPUT

expect 1 compare $base $model --max-macs 1%
lacks err "::error"
echo "# before" >summary
export GITHUB_STEP_SUMMARY=$PWD/summary GITHUB_OUTPUT=$PWD/output
expect 1 compare $base $model --max-macs 1% --ci github
grep -q '^::error title=max-macs::tiny_depthwise.onnx: MACs: ' err || die "no annotation"
has summary "# before"
has summary "| **FAILS** | max-macs |"
grep -q '^passed=false$' output || die "no outcome"
grep -q '^energy_ratio=[0-9.e-]*$' output || die "no ratio"
grep -q '^file_bytes=[0-9]*$' output || die "no size"
[ "$(grep -c '^verdict=' output)" = 1 ] || die "no verdict"
rm summary output
GITHUB_ACTIONS=true "$PARE" compare $base $model >out 2>err || die "exit status $?"
has summary "### "
rm summary output
GITHUB_ACTIONS=true "$PARE" compare $base $model --ci none >out 2>err || die "exit status $?"
[ ! -e summary ] || die "--ci none has no effect"
GITHUB_STEP_SUMMARY=/nowhere/summary "$PARE" compare $base $model --ci github >out 2>err ||
    die "exit status $?"
has err "cannot write to \$GITHUB_STEP_SUMMARY"

expect 0 compare $base $model --ci gitlab --report pages -q
has pages/metrics.txt 'pare_energy_mj{model="tiny_residual.onnx",target="ort-x64"} '
has pages/metrics.txt 'pare_file_bytes{model="tiny_depthwise.onnx"'
[ "$(tail -1 pages/metrics.txt)" = "# EOF" ] || die "no end"
expect 2 compare $base $model --ci jenkins

# names that the runner would obey
name='::error::gotcha'
node=$(pb_text 1 x; pb_text 2 y; pb_text 3 "$name"; pb_text 4 Relu)
graph=$(pb_msg 1 "$node"; pb_text 2 g; pb_msg 11 "$(pb_value x 4)"; pb_msg 12 "$(pb_value y 4)")
pb_write evil.onnx "$(pb_model "$graph")"
cp evil.onnx '::warning::evil.onnx'
cp evil.onnx '##[error]evil.onnx'
for file in evil.onnx '::warning::evil.onnx' '##[error]evil.onnx'; do
    expect 0 inspect "$file" --by-layer --ci github
    ! grep -q '^ *::[a-z]' out || die "$file: a command on standard output"
    lacks out '##['
    expect 1 compare $base "$file" --max-size 1B --ci github --report pages
    ! grep '^ *::[a-z]' err | grep -vq '^::error title=max-size::' || die "$file: another command"
    ! grep -q '^ *::[a-z]' out || die "$file: a command on standard output"
    for page in pages/report.md summary output; do
        ! grep -q '^ *::[a-z]' $page || die "$page: a command"
    done
done
