# Limits are gates: OUT stays as it was, the best model is beside it, and the reason is told.
. "$SUPPORT/../cli/compress/common"
echo old >out.onnx

expect 1 compress shapes.onnx -o out.onnx --data few.yaml --max-size 10%
has out "FAILS  max-size: out.onnx has"
has out "try first: "
has out "out.onnx is as it was: a limit does not hold"
grep -q "^Do not ship: " out || die "no verdict"
[ "$(cat out.onnx)" = old ] || die "out.onnx was changed"
expect 0 inspect out.rejected.onnx
rm out.rejected.onnx

# a limit in the recipe, and one on the command line that goes before it
cat >r.yaml <<'END'
pare: 1
limits: {max-size: 10%}
steps:
  - quantize: {}
END
expect 1 compress shapes.onnx -o out.onnx --data few.yaml --recipe r.yaml
rm out.rejected.onnx
expect 0 compress shapes.onnx -o ok.onnx --data few.yaml --recipe r.yaml --max-size 50%
expect 0 compress shapes.onnx -o ok.onnx --data few.yaml --recipe r.yaml --set max-size=50%
expect 1 compress shapes.onnx -o no.onnx --data few.yaml --set limits.max-size=10%

# without labels by agreement
grep -v labels few.yaml >plain.yaml
expect 0 compress shapes.onnx -o ok.onnx --data plain.yaml
has out "128 others to judge by, without labels"
has out "holds  min-agreement: ok.onnx has"
expect 0 compress shapes.onnx -o ok.onnx --data plain.yaml --max-drop 5
has out "bounded by agreement"

# a step that breaks a limit is rolled back where what was there before is of use
cat >lossy.yaml <<'END'
pare: 1
steps:
  - prune: {max-macs: 95%}
  - prune: {max-macs: 10%, repair: none}
END
expect 0 compress shapes.onnx -o kept.onnx --data few.yaml --recipe lossy.yaml --max-drop 5
has out "; rolled back"
has out "points are lost, and 5.00 may be"
has out "holds  max-drop: kept.onnx has"
# and where it is said that the best is to be kept, the gate tells
sed -i 's/repair: none/repair: none, on-miss: keep-best/' lossy.yaml
expect 1 compress shapes.onnx -o lost.onnx --data few.yaml --recipe lossy.yaml --max-drop 5
has out "kept, though: "
has out "FAILS  max-drop: lost.onnx has"
[ ! -e lost.onnx ] || die "lost.onnx was written"

# nothing to gain: said so, and nothing is written
cat >fold.yaml <<'END'
pare: 1
steps:
  - fold: {}
END
expect 1 compress shapes.onnx -o same.onnx --data few.yaml --recipe fold.yaml
has out "FAILS  gain: same.onnx has nothing less"
has out "the recipe has no step that makes a model smaller"
has out "nothing was written"
[ ! -e same.onnx ] && [ ! -e same.rejected.onnx ] || die "something was written"
expect 3 compress tiny_qdq.onnx -o q.onnx
has err "the model is quantized already"
[ ! -e q.onnx ] || die "q.onnx was written"

# time is up before anything was begun
expect 1 compress shapes.onnx -o late.onnx --data shapes.yaml --max-time 0s
has out "not begun: the time is used up"
has err "--max-time ended the search before all was tried"
