# convert --optimize: fewer nodes, the same outputs, and a file that says what was done to it.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

# Nothing to do: the same bytes.
relu_model m.onnx
expect 0 convert m.onnx -o out.onnx --optimize
empty err
text out <<'END'
wrote out.onnx: 71 B
nothing to fold and nothing unused
END
same m.onnx out.onnx

# y = Relu(x) + (-w), and a node that nothing uses.
tensor=$(pb_int 1 4; pb_int 2 1; pb_text 8 w; pb_msg 9 000080bf0000803f00000040000080c0)
nodes=$(pb_msg 1 "$(pb_text 1 x; pb_text 2 r; pb_text 4 Relu)"
    pb_msg 1 "$(pb_text 1 w; pb_text 2 n; pb_text 4 Neg)"
    pb_msg 1 "$(pb_text 1 w; pb_text 2 dead; pb_text 4 Abs)"
    pb_msg 1 "$(pb_text 1 r; pb_text 1 n; pb_text 2 y; pb_text 4 Add)")
graph=$(printf %s "$nodes"; pb_text 2 g; pb_msg 5 "$tensor"; pb_msg 11 "$(pb_value x 4)"
    pb_msg 12 "$(pb_value y 4)")
pb_write fold.onnx "$(pb_model "$graph")"
expect 0 convert fold.onnx -o out.onnx --optimize
empty err
has out "nodes 4 -> 2 (1 folded, 1 unused), 1 initializers removed, "
has out "the same outputs on random inputs"
expect 0 inspect out.onnx --json
json out 'd["nodes"] == 2 and d["params"] == 4'
json out '[m["key"] for m in d["metadata"]] == ["pare.history"]'
json out 'd["metadata"][0]["value"].endswith("convert --optimize")'
expect 0 run fold.onnx
cp out first
expect 0 run out.onnx
text out <first

# A second time there is nothing left, and no second entry.
expect 0 convert out.onnx -o again.onnx --optimize
has out "nothing to fold and nothing unused"
same out.onnx again.onnx

expect 0 convert fold.onnx -o out.onnx --optimize --json
json out 'd["optimize"]["nodes_before"] == 4 and d["optimize"]["nodes_after"] == 2'
json out 'd["optimize"]["folded"] == 1 and d["optimize"]["outputs_compared"] is True'
expect 0 convert fold.onnx -o out.onnx --optimize --quiet
empty out
empty err

# What pare cannot run is still folded, and said not to have been compared.
odd=$(pb_msg 1 "$(pb_text 1 x; pb_text 2 r; pb_text 4 Odd; pb_text 7 odd)"
    pb_msg 1 "$(pb_text 1 w; pb_text 2 n; pb_text 4 Neg)"
    pb_msg 1 "$(pb_text 1 r; pb_text 1 n; pb_text 2 y; pb_text 4 Add)")
graph=$(printf %s "$odd"; pb_text 2 g; pb_msg 5 "$tensor"; pb_msg 11 "$(pb_value x 4)"
    pb_msg 12 "$(pb_value y 4)")
pb_write odd.onnx "$(pb_model "$graph")$(pb_msg 8 "$(pb_text 1 odd; pb_int 2 1)")"
expect 0 convert odd.onnx -o out.onnx --optimize
has err "warning: outputs before and after could not be compared: "
has out "nodes 3 -> 2 (1 folded, 0 unused)"
lacks out "the same outputs"

# Sizes for the comparison, which nothing in the file shows.
expect 0 convert "$TESTDATA/models/tiny_shapes.onnx" -o one.onnx --optimize
expect 0 convert "$TESTDATA/models/tiny_shapes.onnx" -o out.onnx --optimize --dim batch=2,time=3
same one.onnx out.onnx
expect 3 convert "$TESTDATA/models/tiny_shapes.onnx" -o out.onnx --optimize --dim batsch=2
has err "did you mean 'batch'?"
expect 2 convert m.onnx -o out.onnx --dim batch=2
has err "--shape and --dim have an effect with --optimize only"

# Every model that is here, as far as it can be run.
for model in "$TESTDATA"/models/*.onnx; do
    expect 0 convert "$model" -o out.onnx --optimize
    expect 0 convert out.onnx -o again.onnx --optimize
    has out "nothing to fold and nothing unused"
    same out.onnx again.onnx
done
