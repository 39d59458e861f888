# Sourced after cli.sh: small ONNX files, put together field by field. Messages are hex digits; the
# numbers of fields are those of formats/onnx/onnx.proto.
pb_hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
pb_varint() {
    local n=$1
    while [ "$n" -gt 127 ]; do
        printf %02x $((n & 127 | 128))
        n=$((n >> 7))
    done
    printf %02x "$n"
}
pb_int() { pb_varint $(($1 << 3)); pb_varint "$2"; }                             # FIELD NUMBER
pb_msg() { pb_varint $(($1 << 3 | 2)); pb_varint $((${#2} / 2)); printf %s "$2"; } # FIELD HEX
pb_text() { pb_msg "$1" "$(pb_hex "$2")"; }                                      # FIELD TEXT
pb_write() { printf "$(printf %s "$2" | sed 's/../\\x&/g')" >"$1"; }             # FILE HEX

# NAME DIM: a ValueInfoProto of float[DIM].
pb_value() {
    local dim
    dim=$(pb_msg 1 "$(pb_int 1 "$2")")
    pb_text 1 "$1"
    pb_msg 2 "$(pb_msg 1 "$(pb_int 1 1; pb_msg 2 "$dim")")"
}

# GRAPH_HEX: a model of opset 13 with this graph.
pb_model() {
    pb_int 1 8
    pb_text 2 tests
    pb_msg 7 "$1"
    pb_msg 8 "$(pb_int 2 13)"
}

# DIM NODE_HEX [TENSOR_HEX]: a graph from x to y, both float[DIM], perhaps with an initializer.
pb_graph() {
    pb_msg 1 "$2"
    pb_text 2 g
    [ $# -lt 3 ] || pb_msg 5 "$3"
    pb_msg 11 "$(pb_value x "$1")"
    pb_msg 12 "$(pb_value y "$1")"
}

# relu_model FILE: y = Relu(x), no weights.
relu_model() {
    local node
    node=$(pb_text 1 x; pb_text 2 y; pb_text 3 act; pb_text 4 Relu)
    pb_write "$1" "$(pb_model "$(pb_graph 4 "$node")")"
}

# external_model FILE MIB DATA: y = x + w, w lying in the file DATA beside it, which is made, all
# zeros and holes.
external_model() {
    local n=$(($2 << 18)) tensor node
    tensor=$(pb_int 1 "$n"; pb_int 2 1; pb_text 8 w
        pb_msg 13 "$(pb_text 1 location; pb_text 2 "$3")"; pb_int 14 1)
    node=$(pb_text 1 x; pb_text 1 w; pb_text 2 y; pb_text 4 Add)
    pb_write "$1" "$(pb_model "$(pb_graph "$n" "$node" "$tensor")")"
    truncate -s "$2M" "$(dirname "$1")/$3"
}
