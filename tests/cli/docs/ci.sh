# The files of docs/ci that people copy: what they run does what it says, as far as a runner is
# needed only to hand over inputs.
. "$SUPPORT/cli.sh"
ci=$SUPPORT/../../docs/ci
cp "$TESTDATA"/shapes/* .
echo "split: {calibrate: 64, eval: 100}" >>shapes.yaml
unset GITHUB_ACTIONS GITLAB_CI
export GITHUB_STEP_SUMMARY=$PWD/summary GITHUB_OUTPUT=$PWD/outputs

# every input that the action declares reaches the script, and every output comes from the program
inputs=$(sed -n '/^inputs:/,/^outputs:/s/^  \([a-z-]*\):$/\1/p' "$ci/github/action.yml")
[ "$(echo "$inputs" | wc -l)" -ge 10 ] || die "no inputs found"
for input in $inputs; do
    variable=INPUT_$(echo "$input" | tr a-z- A-Z_)
    has "$ci/github/action.yml" "$variable: \${{ inputs.$input }}"
    has "$ci/github/compress.sh" "$variable"
done
action() { # action NAME=VALUE...: the script as the action calls it
    local got=0
    rm -f summary outputs
    env INPUT_PARE="$PARE" INPUT_MODEL=shapes.onnx INPUT_OUTPUT=small.onnx INPUT_DATA=shapes.yaml \
        INPUT_TARGET= INPUT_PRESET= INPUT_RECIPE= INPUT_LIMITS= INPUT_BASELINE= \
        INPUT_MAX_REGRESS= INPUT_REPORT=pages "$@" bash "$ci/github/compress.sh" >out 2>err ||
        got=$?
    return $got
}
action INPUT_BASELINE=baseline.json || die "exit status $?: $(cat err)"
has out "::notice title=pare::no baseline at baseline.json yet"
has summary "Ship it: small.onnx against shapes.onnx"
for output in $(sed -n 's/.*steps\.pare\.outputs\.\([a-z_]*\).*/\1/p' "$ci/github/action.yml"); do
    grep -q "^$output=" outputs || die "no output $output"
done
has outputs "passed=true"
cp pages/report.json baseline.json
action INPUT_BASELINE=baseline.json INPUT_MAX_REGRESS=energy=1%,size=1% \
    INPUT_LIMITS="--max-drop 2 --max-size 40%" || die "exit status $?: $(cat err)"
has out "holds  max-regress energy"
has out "holds  max-size"
has summary "| since \`small.onnx\` |"
cp small.onnx before.onnx
action INPUT_LIMITS="--max-size 1%" INPUT_TARGET=ort-x64 && die "the limit holds"
has outputs "passed=false"
grep -q '^::error title=max-size::small.onnx: ' err || die "no annotation"
same small.onnx before.onnx
action INPUT_MODEL='$(touch hacked).onnx' && die "no such model"
action INPUT_LIMITS='; touch hacked' && die "no such limit"
[ ! -e hacked ] || die "an input was taken as shell"

# GitLab: the script of the job, with its variables
python3 - "$ci/gitlab.yml" >job.sh <<'END' || skip "no PyYAML"
import shlex, sys
try:
    import yaml
except ImportError:
    sys.exit(1)
job = yaml.safe_load(open(sys.argv[1]))["compress-model"]
for name, value in job["variables"].items():
    print(f"{name}={shlex.quote(value)}")
print("MODEL=shapes.onnx OUTPUT=gl.onnx DATA=shapes.yaml")
print("set -e\n" + "\n".join(job["script"]))
assert job["artifacts"]["reports"]["metrics"] == "pare-report/metrics.txt"
END
mkdir bin && ln -s "$PARE" bin/pare
PATH=$PWD/bin:$PATH sh job.sh >out 2>err || die "exit status $?: $(cat out err)"
has out "holds  max-regress size"
has pare-report/metrics.txt 'pare_energy_mj{model="gl.onnx",target="ort-x64"} '
[ -s pare-report/junit.xml ] || die "no junit.xml"
python3 - "$ci" <<'END' || die "a workflow does not fit its action"
import sys, yaml
action = yaml.safe_load(open(sys.argv[1] + "/github/action.yml"))
flow = yaml.safe_load(open(sys.argv[1] + "/github/workflow.yml"))
step = next(s for s in flow["jobs"]["compress"]["steps"] if s.get("id") == "pare")
assert set(step["with"]) <= set(action["inputs"]), step["with"]
assert {n for n, i in action["inputs"].items() if i.get("required")} <= set(step["with"])
END

# the image has the libraries that the program needs
libraries=$(ldd "$PARE" | sed -n 's/^\t\(lib[a-z0-9-]*[a-z]\)[-.0-9]*\.so.*/\1/p' |
    grep -xE 'lib(archive|jansson|jpeg|png|protobuf-c|xxhash|yaml)')
for library in $libraries; do has "$ci/Containerfile" "${library#lib}"; done
