# Values of a recipe's keys side by side: the figures are those of compress, steps in common are
# done once, and what no other model beats is marked.
. "$SUPPORT/cli.sh"
cp "$TESTDATA"/shapes/* .
echo "split: {calibrate: 64, eval: 200}" >>shapes.yaml
before=$(ls)

presets=preset=int8,fp16,int4-weights
expect 0 sweep shapes.onnx --data shapes.yaml --vary $presets --threads 1
has out "on ort-x64, 200 samples"
has out "preset=int4-weights"
has out "* no other model is at least as good in top1 and in energy"
[ "$(ls | grep -vx -e out -e err)" = "$before" ] || die "left behind: $(ls)"
expect 0 sweep shapes.onnx --data shapes.yaml --vary $presets --threads 1 --json
cp out one.json
expect 0 sweep shapes.onnx --data shapes.yaml --vary $presets --threads 2 --json
same out one.json
get() { # get FILE EXPRESSION
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$1" "$2"
}
for i in 0 1 2; do
    preset=$(get one.json "d['runs'][$i]['values']['preset']")
    "$PARE" compress shapes.onnx -o small.onnx --data shapes.yaml --preset "$preset" \
        --report rep -q >out.txt 2>err || die "compress $preset: exit status $?"
    json one.json "d['runs'][$i]['file_bytes'] == $(stat -c %s small.onnx)"
    value=$(get rep/report.json "d['after']['accuracy']['value']")
    json one.json "abs(d['runs'][$i]['value'] - $value) < 1e-5"
done

# two steps: the first is done once for each of its values
expect 0 sweep shapes.onnx --data shapes.yaml --preset prune-int8 --vary prune.max-macs=90%,60% \
    --vary quantize.correct=none,auto --repeat 2 --report rep --json
json out "len(d['runs']) == 8 and d['steps_from_cache'] == 4 and d['metric'] == 'top1'"
json out "[r['seed'] for r in d['runs']] == [0, 1] * 4"
json out "[tuple(r['values'].values()) for r in d['runs'][::2]] ==
    [('90%', 'none'), ('90%', 'auto'), ('60%', 'none'), ('60%', 'auto')]"
json out "any(r['on_front'] for r in d['runs'])"
cp out swept.json
expect 0 compress shapes.onnx -o small.onnx --data shapes.yaml --preset prune-int8 \
    --set prune.max-macs=60% --set quantize.correct=auto --max-drop 100
json swept.json "d['runs'][6]['file_bytes'] == $(stat -c %s small.onnx)"
[ "$(wc -l <rep/results.csv)" = 9 ] || die "results.csv has other rows"
head -1 rep/results.csv | grep -q '^"prune.max-macs","quantize.correct",seed,target,' ||
    die "results.csv has another head"
python3 - <<'END' || die "pareto.svg is no picture"
import xml.etree.ElementTree as tree
root = tree.parse("rep/pareto.svg").getroot()
circles = [e for e in root.iter() if e.tag.endswith("circle")]
assert len(circles) == 5, len(circles)
assert {c.get("class") for c in circles} >= {"good"}
END
has rep/report.html "Which models are worth having"
python3 "$SUPPORT/schema_check.py" "$SUPPORT/../../docs/report.schema.json" rep/report.json ||
    die "report.json is not of its schema"

# wrong uses
expect 2 sweep shapes.onnx --data shapes.yaml
has err "--vary"
expect 2 sweep shapes.onnx --vary preset=int8
has err "give --data"
for wrong in preset preset= =int8 preset=int8,,fp16; do
    expect 2 sweep shapes.onnx --data shapes.yaml --vary "$wrong"
    has err "option '--vary': expected "
done
expect 2 sweep shapes.onnx --data shapes.yaml --vary quantise.weights=int8
expect 2 sweep shapes.onnx --data shapes.yaml --vary preset=int8,int9
has err "there is no preset 'int9'"
expect 2 sweep shapes.onnx --data shapes.yaml --vary preset=int8,fp16 --repeat 101
many=$(seq -s, 1 64)
expect 2 sweep shapes.onnx --data shapes.yaml --vary a=$many --vary b=$many
has err "these are more than 1000 runs"
expect 3 sweep missing.onnx --data shapes.yaml --vary preset=int8
