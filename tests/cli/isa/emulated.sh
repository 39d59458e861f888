# Older processors, emulated: SSE2 alone, and AVX2 without dot products of bytes. Nothing meets an
# instruction that is not there, and the outputs of models are the same bits.
. "$SUPPORT/cli.sh"

command -v qemu-x86_64 >/dev/null || skip "no qemu-x86_64 (qemu-user)"
[ "$(uname -m)" = x86_64 ] || skip "not x86-64"
nm "$PARE" 2>/dev/null | grep -q __asan_init && skip "sanitizers are not emulated"

on() { # CPU COMMAND...: on such a processor; qemu's own warnings are of no interest
    local cpu=$1
    shift
    timeout 250 qemu-x86_64 -cpu "$cpu" "$@" 2>err
}

sse2=Opteron_G1,-pni
for model in "$TESTDATA"/models/*.onnx; do
    name=$(basename "$model" .onnx)
    "$PARE" run "$model" --exact --output-dir here >/dev/null 2>&1 || continue # no model to run
    for cpu in $sse2 Haswell; do
        on $cpu "$PARE" run "$model" --exact --output-dir there >/dev/null ||
            die "$name on $cpu: $(grep -v 'TCG' err)"
        diff -r here there >/dev/null || die "$name on $cpu: other outputs"
        rm -rf there
    done
    rm -rf here
done

# The small unit tests that are built.
n=0
for test in "$(dirname "$PARE")"/tests/{kernels-test_,plan-test_lower_}*; do
    case $test in *_slow | */kernels-test_narrow | */kernels-test_ma[pt]*) continue ;; esac
    [ -x "$test" ] || continue
    on $sse2 "$test" >out 2>&1 || die "$(basename "$test"): $(tail -n 5 out)"
    n=$((n + 1))
done
echo "$n unit tests"
