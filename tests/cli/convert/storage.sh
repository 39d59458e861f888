# Weights go outside and come back in, and the model is the same in the end.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

mkdir ext copy
external_model ext/m.onnx 1 w.data

# They stay where they are; the data file comes along.
expect 0 convert ext/m.onnx -o copy/m.onnx
text out <<'END'
wrote copy/m.onnx: 105 B and 1.05 MB of external data in w.data
END
same ext/m.onnx copy/m.onnx
same ext/w.data copy/w.data

expect 0 convert ext/m.onnx -o inside.onnx --embed
text out <<'END'
wrote inside.onnx: 1.05 MB
END
[ ! -e w.data ] || die "--embed made a data file"

expect 0 convert inside.onnx -o outside.onnx --external-data
data=$(ls outside.onnx-*.data)
has out "wrote outside.onnx: "
has out " and 1.05 MB of external data in $data"
expect 0 convert outside.onnx -o inside2.onnx --embed
same inside.onnx inside2.onnx

# SIZE is a threshold.
expect 0 convert inside.onnx -o big.onnx --external-data=1MiB
[ -e big.onnx-*.data ] || die "1 MiB is not external at 1MiB"
expect 0 convert inside.onnx -o small.onnx --external-data=1048577
lacks out "external data"

# Data files that the new model no longer needs go away with the old one.
expect 0 convert inside.onnx -o big.onnx --embed
[ ! -e big.onnx-*.data ] || die "the old data file is left"

# Above 2 GiB there is no inside.
external_model huge.onnx 2048 huge.data
expect 2 convert huge.onnx -o inside.onnx --embed
has err "inside.onnx: the model takes 2147483"
has err "; write external data"
expect 0 inspect huge.onnx
has out "huge.onnx: 114 B and 2.15 GB of external data in huge.data"

# Sharing a data file is worth a warning, which --quiet silences and --json keeps.
expect 0 convert ext/m.onnx -o ext/n.onnx
has err "pare: warning: ext/n.onnx: shares the data file 'w.data' with the input"
expect 0 convert ext/m.onnx -o ext/n.onnx --quiet --json
empty err
json out "len(d['warnings']) == 1 and d['output']['external_files'] == 1"
