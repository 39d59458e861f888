# Names and texts of a file cannot drive the terminal or break lines; long ones are cut.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

long=$(printf 'x%.0s' $(seq 500))
node=$(pb_text 1 x; pb_text 2 y; pb_text 4 "$(printf 'Re\033[31mlu')"; pb_text 7 "$(printf 'a\tb')")
graph=$(pb_msg 1 "$node"; pb_text 2 g; pb_msg 11 "$(pb_value x 4)"; pb_msg 12 "$(pb_value y 4)")
entry() { pb_msg 14 "$(pb_text 1 "$1"; pb_text 2 "$2")"; }
pb_write m.onnx "$(pb_int 1 8; pb_text 2 "$(printf 'p\r\nq')"; pb_msg 7 "$graph"
    pb_msg 8 "$(pb_int 2 13)"; pb_msg 8 "$(pb_text 1 "$(printf 'a\tb')"; pb_int 2 1)"
    for i in $(seq 20); do entry "k$i" "$long"; done)"
expect 0 inspect m.onnx
has out 'made by p\x0d\x0aq'
has out '1  a\x09b.Re\x1b[31mlu'
has out "and 4 more; --verbose shows them"
awk 'length($0) > 80 { exit 1 }' out || die "lines wider than 80 columns"
if LC_ALL=C grep -q "$(printf '[\001-\011\013-\037]')" out; then die "control characters"; fi
expect 0 inspect m.onnx --verbose
lacks out "more"
has out "  k20 = $long"
expect 0 inspect m.onnx --json
json out "len(d['metadata']) == 20 and d['metadata'][3] == {'key': 'k4', 'value': 'x' * 500}"
json out "d['operators'] == [{'op': 'Re\x1b[31mlu', 'domain': 'a\tb', 'count': 1}]"
