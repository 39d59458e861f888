# A target fitted to measurements of models: what a target like it would have measured.
. "$SUPPORT/cli.sh"

cp "$TESTDATA"/models/tiny_*.onnx "$TESTDATA"/models/*.data "$TESTDATA"/models/*.bias .

# measure TARGET NAME...: a table as a meter on that target would give it.
measure() {
    local target=$1 name
    shift
    echo 'model,mJ,ms'
    for name; do
        expect 0 inspect "$name.onnx" --target "$target" --json --quiet
        python3 - "$name.onnx" <<'END'
import json, sys
def find(d):
    if isinstance(d, dict):
        if "energy_mj" in d and "latency_ms" in d: return d
        d = list(d.values())
    for x in d if isinstance(d, list) else []:
        found = find(x)
        if found: return found
figures = find(json.load(open("out")))
print("%s,%.9g,%.9g" % (sys.argv[1], figures["energy_mj"], figures["latency_ms"]))
END
    done
}

# A machine that draws three times the static power and takes twice as long to begin.
cat >truth.yaml <<'END'
pare: 1
target: truth
like: ort-x64
hardware:
  static: 60 W ~1.2 measured
  launch-time: 8 us ~1.2 measured
END
models='tiny_qdq tiny_residual tiny_depthwise tiny_int4 tiny_fp16 tiny_detector
    tiny_transformer_decomposed tiny_transformer_fused'
measure truth.yaml $models >measured.csv
[ "$(wc -l <measured.csv)" -eq 9 ] || die "no measurements"

expect 0 targets ort-x64 --fit measured.csv -o fitted.yaml
empty out
has err "pare: energy: off by"
has err "pare: time: off by"
expect 0 targets fitted.yaml --json
json out 'd["name"] == "ort-x64-fitted" and d["like"] == "ort-x64" and 0 < d["fit_error"] < 0.1'
json out '{"key": "measured", "text": "8 models of measured.csv", "url": None,
    "bibtex": None} in d["sources"]'
json out 'all(n["source"] == "measured" for n in d["numbers"] if n["kind"] == "fitted")'
json out '[55 < n["value"] < 65 for n in d["numbers"] if n["name"] == "static"] == [True]'
json out '[7 < n["value"] < 9 for n in d["numbers"] if n["name"] == "launch-time"] == [True]'

# The fitted target says of those models what was measured.
measure fitted.yaml $models >said.csv
python3 - <<'END' || die "the fitted target does not fit"
rows = [[l.split(",") for l in open(f)][1:] for f in ("measured.csv", "said.csv")]
for a, b in zip(*rows):
    for i in (1, 2):
        assert abs(float(b[i]) / float(a[i]) - 1) < 0.1, (a, b)
END

# Standard output, and a target that is fitted already.
expect 0 targets fitted.yaml --fit measured.csv
has out "target: \"ort-x64-fitted-fitted\""
has out "  measured2:"
cp out again.yaml
expect 0 targets again.yaml

# What cannot be fitted, and wrong tables.
head -2 measured.csv >one.csv
expect 3 targets ort-x64 --fit one.csv
text err <<'END'
pare: error: 1 measurements cannot settle 1 unknowns: at least 2 are needed
pare: hint: measure more models, and more different ones
END
wrong() { # TEXT MESSAGE
    printf '%b' "$1" >wrong.csv
    expect 3 targets ort-x64 --fit wrong.csv -o never.yaml
    has err "pare: error: wrong.csv:$2"
    [ ! -e never.yaml ] || die "wrote all the same"
}
wrong '' '1: expected a header and a row for each model'
wrong 'model,mJ\n' '2: expected a header and a row'
wrong 'model,kWh\n' "1: unknown column 'kWh'; expected model, J, mJ or uJ"
wrong 'mJ,ms\n' "1: expected a column 'model' and one of energy or time"
wrong 'model,mJ,uJ\n' "1: column 'uJ' stands twice"
wrong 'model,mJ\ntiny_qdq.onnx\n' '2: expected 2 fields, found 1'
wrong '# by hand\nmodel,mJ\ntiny_qdq.onnx,-3\n' "3: 'mJ': expected a number above zero, found '-3'"
wrong 'model,mJ\ntiny_qdq.onnx,inf\n' "2: 'mJ': expected a number above zero"
wrong 'model,mJ\ntiny_qdq.onnx,\n' '2: expected an energy or a time'
wrong 'model,mJ\n"tiny,3\n' '2: a quote is not closed'
wrong 'model,mJ\n,3\n' '2: expected the path of a model'
printf 'model,mJ\nmissing.onnx,3\n' >wrong.csv
expect 3 targets ort-x64 --fit wrong.csv
has err "missing.onnx: No such file"
expect 2 targets --fit
expect 2 targets ort-x64 measured.csv
expect 2 targets ort-x64 --fit measured.csv --json
expect 2 targets ort-x64 -o x.yaml
