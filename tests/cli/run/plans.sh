# By plan and by definition: the same results; times, levels, limits.
. "$SUPPORT/cli.sh"

qdq=$TESTDATA/models/tiny_qdq.onnx
for model in tiny_qdq tiny_control_flow tiny_functions tiny_all_dtypes tiny_shapes; do
    expect 0 run "$TESTDATA/models/$model.onnx" --reference
    cp out reference
    for words in "" "--threads 1" "--threads 3" "--exact"; do
        expect 0 run "$TESTDATA/models/$model.onnx" $words
        same out reference
    done
    PARE_ISA=scalar expect 0 run "$TESTDATA/models/$model.onnx"
    same out reference
done
PARE_ISA=sse9 expect 2 run "$qdq" --dim batch=1
has err "PARE_ISA: expected a level that this processor has"

# The table of steps.
expect 0 run "$qdq" --dim batch=1 --time-layers
grep -qE '^layer +operator +kernel +ms +share$' out || die "no head: $(cat out)"
grep -qE '^/conv1/conv +Conv .* [0-9.]+ +[0-9.]+%$' out || die "no row: $(cat out)"
grep -qE '^all [0-9]+, medians of [0-9]+ runs +[0-9.]+ +100.0%$' out || die "no sum: $(cat out)"
expect 0 run "$qdq" --dim batch=1 --time-layers --json
json out 'd["rounds"] >= 5 and abs(sum(l["share"] for l in d["layers"]) - 1) < 1e-6'
json out 'any(l["op"] == "Conv" and l["kernel"] for l in d["layers"])'
expect 2 run "$qdq" --time-layers --reference
has err "--time-layers measures one run by plan"
expect 2 run "$qdq" --time-layers --vectors 1 --output-dir v
expect 2 run "$qdq" --threads 0

# Too much: said before anything is computed.
expect 5 run "$qdq" --dim batch=100000 --max-memory 100MiB
has err "--max-memory"
