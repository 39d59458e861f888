# Every preset makes a model that is smaller and can be run, and says what became of it.
. "$SUPPORT/../cli/compress/common"

# auto says what it chose and why
expect 0 compress shapes.onnx -o small.onnx --data shapes.yaml --report pages
has out "recipe auto chose int8: there are samples to learn the ranges of activations from"
has out "data: 256 samples to learn from, 544 others to judge by, with labels"
has out "data check: the model is fed as it was trained"
has out "holds  max-drop: small.onnx has"
has out "wrote small.onnx: "
tail -1 out | grep -q "wrote pages/report.html" || die "the report is not the last word"
grep -q "^Ship it: small.onnx" out || die "no verdict"
expect 0 run small.onnx
json pages/report.json "d['steps'][0]['name'] == 'quantize' and d['tool']['recipe']"
json pages/report.json "d['steps'][-1]['after']['file_bytes'] == d['after']['file_bytes']"
json pages/report.json "d['after']['file_bytes'] < 0.35 * d['before']['file_bytes']"
python3 "$SUPPORT/schema_check.py" "$SUPPORT/../../docs/report.schema.json" pages/report.json ||
    die "report.json is not of its schema"
"$PARE" compare shapes.onnx small.onnx --json >compared || die "compare"
python3 - pages/report.json compared <<'END' || die "compress and compare do not tell the same"
import json, sys
a, b = (json.load(open(p))["after"] for p in sys.argv[1:])
sys.exit(any(a[k] != b[k] for k in ("file_bytes", "energy_mj", "latency_ms", "ram_peak_bytes")))
END

expect 0 compress shapes.onnx -o none.onnx
has out "recipe auto chose int8-weights: there are no samples"
has out "data: none, so nothing tells what the answers lose"
has out "Look before you ship: none.onnx"
expect 1 compress tiny_transformer_fused.onnx -o tiny.onnx --dim seq=16
has out "recipe auto chose int8-dynamic: ranges of a transformer's activations differ"
has out "nothing becomes less: "

"$PARE" recipes --json >all.json || die "recipes"
for name in $(python3 -c 'import json
print(*(r["name"] for r in json.load(open("all.json"))["recipes"]))'); do
    "$PARE" recipes "$name" >recipe.yaml || die "recipes $name"
    expect 0 compress shapes.onnx -o "$name.onnx" --data few.yaml --preset "$name" \
        --max-drop 20
    expect 0 inspect "$name.onnx"
    case $name in auto | int4-weights | prune-int8) ;; *) continue ;; esac
    expect 0 compress shapes.onnx -o again.onnx --data few.yaml --recipe recipe.yaml \
        --max-drop 20
    same "$name.onnx" again.onnx
done
size() { stat -c %s "$1.onnx"; }
[ "$(size min-size)" -le "$(size int4-weights)" ] || die "min-size is not the smallest"
[ "$(size int4-weights)" -lt "$(size int8-weights)" ] || die "int4 is not smaller than int8"
[ "$(size fp16)" -lt $(($(size shapes) * 51 / 100)) ] || die "fp16 is not half"

# the same bytes at any number of threads
for threads in 1 3; do
    expect 0 compress shapes.onnx -o "t$threads.onnx" --data few.yaml --threads $threads
done
same t1.onnx t3.onnx
