# Wrong usage: exit status 2, and nothing is read or written.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
cp m.onnx original

refuses() { # MESSAGE ARGS...
    local message=$1
    shift
    expect 2 convert "$@"
    empty out
    [ "$(head -n 1 err)" = "pare: error: $message" ] || { cat err; die "expected: $message"; }
    same m.onnx original
}

refuses "'pare convert' needs MODEL"
refuses "'pare convert' needs -o, --output OUT" m.onnx
refuses "option '-o' needs a value: -o OUT" m.onnx -o
refuses "'pare convert' takes no more arguments, found 'n.onnx' besides" m.onnx n.onnx -o out
refuses "unknown option '--simplify' of 'pare convert'" m.onnx -o out --simplify
refuses "options '--embed' and '--external-data' contradict each other" m.onnx -o out --embed \
    --external-data
refuses "option '--external-data': expected a size such as 4096, 64KiB or 1.5GB, found 'big'" \
    m.onnx -o out --external-data=big
refuses "m.onnx: OUT is MODEL itself, which is never written to; name another" m.onnx -o m.onnx
refuses "./m.onnx: OUT is MODEL itself, which is never written to; name another" m.onnx -o ./m.onnx
ln -s m.onnx link
refuses "link: OUT is MODEL itself, which is never written to; name another" m.onnx -o link
ln m.onnx hard
refuses "hard: OUT is MODEL itself, which is never written to; name another" m.onnx -o hard
refuses ".: is a folder; name a file to write" m.onnx -o .
refuses "/dev/null: is not a regular file" m.onnx -o /dev/null
mkfifo fifo
refuses "fifo: is not a regular file" m.onnx -o fifo
refuses "-: a model is not written to standard output; name a file" m.onnx -o -
mkdir folder
refuses "folder/: is a folder; name a file to write" m.onnx -o folder/

# Nor is a data file of the model.
external_model e.onnx 1 w.data
expect 2 convert e.onnx -o w.data
has err "w.data: the model was read from this file; name another output"
[ "$(stat -c %s w.data)" = 1048576 ] || die "w.data was written to"
[ -z "$(ls -A folder)" ] || die "something was written"
