# Every real model can be inspected, in 80 columns, and its numbers add up.
. "$SUPPORT/cli.sh"

need_shared data/models
find "$PARE_SHARED/data/models" -name '*.onnx' | sort >models
[ -s models ] || skip "no models"
while read -r model; do
    cp "$model" m.onnx
    expect 0 inspect m.onnx
    awk 'length($0) > 80 { exit 1 }' out || die "$model: lines wider than 80 columns"
    expect 0 inspect m.onnx --json
    json out "sum(o['count'] for o in d['operators']) == d['nodes'] and d['inputs'] != [] and
        sum(t['bytes'] for t in d['weights']['by_type']) ==
        d['weights']['embedded_bytes'] + d['weights']['external_bytes']"
    expect 0 convert m.onnx -o copy.onnx
    same m.onnx copy.onnx
done <models
