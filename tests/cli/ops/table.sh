# The table of operators, as docs/ops.md has it and for programs.
. "$SUPPORT/cli.sh"

expect 0 ops --markdown
empty err
cmp -s out "$TESTDATA/../docs/ops.md" || die "docs/ops.md is old: cmake --build build --target docs"
expect 0 ops --json
empty err
python3 - <<'END' || die "bad JSON"
import json
ops = json.load(open("out"))["operators"]
keys = [(op["domain"], op["op"]) for op in ops]
assert keys == sorted(set(keys)), "not sorted"
assert all(op["infer"] == "yes" for op in ops)
END
expect 0 ops
grep -q '^  Conv  ' out || die "no Conv"
expect 2 ops model.onnx
