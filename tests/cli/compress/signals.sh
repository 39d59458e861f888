# SIGINT and SIGTERM at any moment: 130 and 143, no litter, the old file stays.
. "$SUPPORT/../cli/compress/common"
set -m # so that SIGINT is not ignored in the background

mkdir there
echo old >there/out.onnx
cp there/out.onnx old

# Stopped after so many seconds, or done before.
stop() {
    local pid got=0
    "$PARE" compress shapes.onnx -o there/out.onnx --data shapes.yaml --preset prune-int8 \
        >out 2>err </dev/null &
    pid=$!
    sleep "$3"
    kill -s "$1" $pid 2>/dev/null
    wait $pid || got=$?
    [ $got -eq "$2" ] || { cat err; die "exit status $got after SIG$1 at $3 s"; }
    empty out
    same there/out.onnx old
    [ "$(ls -A there)" = out.onnx ] || die "left behind: $(ls -A there)"
}

stop INT 130 0.1
stop TERM 143 0.2
stop INT 130 0.3
