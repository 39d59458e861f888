# Inputs that are no models: exit status 3, one line, and OUT stays as it was.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

echo old >out.onnx
cp out.onnx old

refuses() { # FILE MESSAGE
    expect 3 convert "$1" -o out.onnx
    empty out
    printf 'pare: error: %s\n' "$2" | diff - err >&2 || die "wrong message for $1"
    expect 3 convert "$1" -o out.onnx --json
    json out "d['error']['exit_status'] == 3 and d['error']['kind'] == 'bad input'"
    same out.onnx old
    [ -z "$(find . -name '*.pare-tmp')" ] || die "temporary files are left"
}

refuses missing.onnx "missing.onnx: No such file or directory"
refuses old/m.onnx "old/m.onnx: Not a directory"
mkdir folder
refuses folder "folder: expected a regular file, found something else"
mkfifo fifo
refuses fifo "fifo: expected a regular file, found something else"
: >empty
refuses empty "empty: expected a model, found an empty file"
ln -s nowhere dangling
refuses dangling "dangling: No such file or directory"

relu_model m.onnx
head -c 40 m.onnx >cut.onnx
expect 3 convert cut.onnx -o out.onnx
has err "pare: error: cut.onnx: "
echo "This is no model." >text.onnx
expect 3 convert text.onnx -o out.onnx
has err "pare: error: text.onnx: "
[ "$(wc -l <err)" = 1 ] || die "more than one line"

external_model e.onnx 1 w.data
rm w.data
expect 3 convert e.onnx -o out.onnx
has err "w.data"
truncate -s 1000 w.data
expect 3 convert e.onnx -o out.onnx
has err "w.data"
truncate -s 1M real.data
ln -sf real.data w.data
expect 3 convert e.onnx -o out.onnx
has err "--allow-linked-data"
same out.onnx old
expect 0 convert e.onnx -o out.onnx --allow-linked-data --embed

# A budget that the structure of the model does not fit in.
expect 5 convert m.onnx -o out.onnx --max-memory=1
has err "pare: error: m.onnx: "

# A newer IR version is unsupported unless it is asked for.
node=$(pb_text 1 x; pb_text 2 y; pb_text 4 Relu)
pb_write newer.onnx "$(pb_int 1 99; pb_msg 7 "$(pb_graph 4 "$node")"; pb_msg 8 "$(pb_int 2 13)")"
expect 4 convert newer.onnx -o new.onnx
has err "--allow-newer-ir"
[ ! -e new.onnx ] || die "new.onnx was written"
expect 0 convert newer.onnx -o new.onnx --allow-newer-ir
same newer.onnx new.onnx
