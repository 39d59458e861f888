# Dimensions that nothing tells are 1, with a warning that names them, once each.
. "$SUPPORT/cli.sh"

qdq=$TESTDATA/models/tiny_qdq.onnx
expect 0 run "$qdq"
has out "logits  float[1,10]"
text err <<'END'
pare: warning: dimension 'batch' (input 'image') is taken as 1; --dim batch=N gives it
END
expect 0 run "$qdq" --dim batch=3
has out "logits  float[3,10]"
empty err
expect 0 run "$qdq" --shape image=2,3,8,8
has out "logits  float[2,10]"
empty err
