# The targets that pare brings, and one's own: listed, explained, copied, cited.
. "$SUPPORT/cli.sh"

expect 0 targets
empty err
grep -q '^ort-x64  .* estimated  package  ONNX Runtime on any x86-64$' out || die "no ort-x64"
[ "$(wc -l <out)" -ge 30 ] || die "few targets"
tail -n +2 out | cut -d' ' -f1 >names
LC_ALL=C sort -c names || die "not sorted"
expect 0 targets --json
json out 'd["schema"] == "pare.targets/1"'
json out '[t["name"] for t in d["targets"] if t["is_default"]] == ["ort-x64"]'
json out '[t["name"] for t in d["targets"]] == open("names").read().split()'

# Each one: every number has a unit, a factor and a kind, and what is published a source that is
# told; a copy of the file is the same target.
while read -r name; do
    expect 0 targets "$name" --json
    empty err
    python3 - "$name" <<'END' || die "$name"
import json, sys
t = json.load(open("out"))
assert t["name"] == sys.argv[1] and t["about"] and t["version"] >= 1
keys = {s["key"] for s in t["sources"]}
for n in t["numbers"]:
    assert n["value"] > 0 and n["factor"] >= 1 and n["kind"], n
    assert n["unit"], n
    assert n["source"] in keys or n["kind"] == "estimated", n
    assert n["kind"] != "estimated" or n["factor"] > 1, n
assert len({n["name"] for n in t["numbers"]}) == len(t["numbers"])
END
    mv out first
    expect 0 targets "$name" --yaml
    cp out copy.yaml
    expect 0 targets copy.yaml --json
    same first out
done <names

# Explained for people.
expect 0 targets nucleo-h7a3zi-q
empty err
has out "nucleo-h7a3zi-q: ST NUCLEO-H7A3ZI-Q (Cortex-M7, 280 MHz, 3 V)"
has out ", like mcu-int8"
grep -q '^  static  *126.8 mW  *x1.05  *fitted  *mlperf-tiny-1.2$' out || die "no static power"
grep -q '^  floats run  *not at all$' out || die "floats run"
has out "https://github.com/mlcommons/tiny_results_v1.2"
lacks out '\x'
expect 0 targets bare-7nm --bibtex
has out "@inproceedings{jouppi2021,"
expect 0 targets t4 --bibtex
has out "@misc{nvidia-t4,"
[ "$(grep -c '{$' out)" = 0 ] && [ "$(grep -o '{' out | wc -l)" = "$(grep -o '}' out | wc -l)" ] ||
    die "braces"

# What is wrong is said with line and nearest name.
expect 2 targets ort-x46
text err <<'END'
pare: error: there is no target 'ort-x46'; did you mean 'ort-x64'?
END
expect 2 targets --yaml
expect 2 targets ort-x64 --yaml --json
expect 2 targets ort-x64 t4
expect 3 targets missing.yaml
text err <<'END'
pare: error: missing.yaml: No such file or directory
END
printf 'pare: 1\ntarget: mine\nlike: ort-x64\nhardware:\n  statik: 4 W\n' >mine.yaml
expect 3 targets mine.yaml
text err <<'END'
pare: error: mine.yaml:5: unknown key 'statik' in 'hardware'; did you mean 'static'?
END
printf 'pare: 1\ntarget: mine\nlike: ort-x64\nhardware:\n  static: 4 kg\n' >mine.yaml
expect 3 targets mine.yaml
text err <<'END'
pare: error: mine.yaml:5: 'static': unit 'kg' is not one of W, mW, uW
END
printf 'pare: 1\ntarget: mine\nlike: ort-x64\nhardware:\n  static: 4 W ~1.2 measured\n' >mine.yaml
expect 0 targets mine.yaml
grep -q '^  static  *4 W  *x1.2  *measured  *-$' out || die "not taken over"
