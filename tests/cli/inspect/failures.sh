# Inputs that cannot be inspected, and results that do not get out.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
expect 3 inspect missing.onnx
empty out
text err <<'END'
pare: error: missing.onnx: No such file or directory
END
expect 3 inspect missing.onnx --json
text out <<'END'
{
  "error": {
    "kind": "bad input",
    "exit_status": 3,
    "message": "missing.onnx: No such file or directory"
  }
}
END
expect 2 inspect
expect 2 inspect m.onnx m.onnx
expect 2 inspect m.onnx --output=x
has err "unknown option '--output' of 'pare inspect'"
expect 5 inspect m.onnx --max-memory=1
expect 0 inspect m.onnx --max-memory=1MiB

for form in "" --json; do
    got=0
    "$PARE" inspect m.onnx $form >/dev/full 2>err || got=$?
    [ $got -eq 5 ] || die "exit status $got when standard output is full"
    text err <<'END'
pare: error: cannot write to standard output: No space left on device
END
done

# Nodes in an order that other tools refuse.
first=$(pb_text 1 h; pb_text 2 y; pb_text 4 Relu) second=$(pb_text 1 x; pb_text 2 h; pb_text 4 Abs)
pb_write odd.onnx "$(pb_model "$(pb_msg 1 "$first"; pb_msg 1 "$second"; pb_text 2 g
    pb_msg 11 "$(pb_value x 4)"; pb_msg 12 "$(pb_value y 4)")")"
expect 0 inspect odd.onnx
has err "pare: warning: odd.onnx: nodes stand before what they use"
expect 0 inspect odd.onnx --json -q
empty err
json out "not d['ordered'] and len(d['warnings']) == 1"
