# --list-groups: widths, members, what a channel costs, and what blocks; nothing is written.
. "$SUPPORT/../cli/prune/common"

expect 0 prune shapes.onnx --list-groups
empty err
has out "shapes.onnx: 4 widths can be pruned, and with them 100.0 % of the multiply-accumulates"
has out "one channel less saves on ort-x64:"
has out "    makes /conv2 (Conv)"
has out "    reads /conv3 (Conv)"
has out "    1 other follows"
has out "kept: /fc (Gemm), 10 outputs: an input or output of the graph has it"

expect 0 prune shapes.onnx --list-groups --json
json out "d['schema'] == 'pare.prune-groups/1' and d['model'] == 'shapes.onnx'"
json out "[w['channels'] for w in d['widths']] == [16, 32, 64, 64]"
json out "all(w['prunable'] and w['per_channel']['macs'] > 0 for w in d['widths'])"
json out "all(w['per_channel']['energy_mj'] > 0 for w in d['widths'])"
json out "d['widths'][0]['members'][0] == {'node': '/conv1', 'op': 'Conv', 'role': 'makes'}"
json out "d['kept'][0]['node'] == '/fc' and d['blockers'][0]['products'] == 1"
json out "d['prunable_share'] == 1"

# one channel of a residual goes everywhere at once; a norm over channels is named
expect 0 prune tiny_residual.onnx --list-groups
has out "    makes /block/2/conv (Conv)"
expect 0 prune tiny_transformer_decomposed.onnx --list-groups
has out "ReduceMean"
has out "/layer/query/matmul_out (heads)"
expect 0 prune tiny_strings.onnx --list-groups
has out "tiny_strings.onnx: 0 widths can be pruned"

expect 2 prune shapes.onnx --list-groups -o out.onnx
has err "--list-groups writes nothing: leave --output away"
expect 3 prune nowhere.onnx --list-groups
expect 2 prune shapes.onnx --list-groups --target nowhere
[ ! -e out.onnx ] || die "out.onnx was written"
