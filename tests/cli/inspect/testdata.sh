# Functions, subgraphs, metadata, data files: what the small models have is shown.
. "$SUPPORT/cli.sh"

cp "$TESTDATA"/models/* . # the paths that are shown are short then
expect 0 inspect tiny_functions.onnx
has out "ONNX IR version 10, opset 18, local 1"
has out "  local.Dense: 3 nodes"
has out "  local.Scale overload by_two: 1 node"
has out "  local.Scale overload by_factor: 2 nodes"
expect 0 inspect tiny_functions.onnx --json
json out "[f['nodes'] for f in d['functions'] if f['name'] == 'Scale'] == [1, 2] and
    sum('overload' in f for f in d['functions']) == 2 and d['symbols'] == ['batch']"

expect 0 inspect tiny_control_flow.onnx
has out "Operators: 16 nodes, some of them in 6 subgraphs"
expect 0 inspect tiny_control_flow.onnx --json
json out "d['subgraphs'] == 6 and d['subgraph_depth'] >= 1"

expect 0 inspect tiny_metadata.onnx
has out "made by pare testdata 1.0-beta"
has out "  author = pare"

expect 0 inspect tiny_external.onnx --json
json out "d['input']['external_files'] == 2 and d['weights']['external_bytes'] == 432"

# All element types, all payload forms; nothing but what is said.
for model in *.onnx; do
    expect 0 inspect "$model"
    awk 'length($0) > 80 { exit 1 }' out || die "$model: lines wider than 80 columns"
    # "26 layers in float16: ...", zeros that nobody makes use of
    grep -v "onnx: [0-9]\|for the estimate; \|no modelled benefit" err >rest || true
    empty rest
done
