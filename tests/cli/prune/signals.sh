# SIGINT and SIGTERM while it works: 130 and 143, no litter, the old file stays.
. "$SUPPORT/../cli/prune/common"
set -m # so that SIGINT is not ignored in the background

mkdir there
echo old >there/out.onnx

# stop SIGNAL STATUS NAME: sends the signal while models are tried.
stop() {
    local pid got=0
    "$PARE" prune shapes.onnx -o there/out.onnx --data shapes.yaml --max-drop 1 >out 2>err \
        </dev/null &
    pid=$!
    sleep 0.3
    kill -s "$1" $pid
    wait $pid || got=$?
    [ $got -eq "$2" ] || { cat err; die "exit status $got after SIG$1"; }
    [ "$(cat there/out.onnx)" = old ] || die "there/out.onnx was changed"
    [ "$(ls -A there)" = out.onnx ] || die "left behind: $(ls -A there)"
}

stop INT 130 Interrupt
stop TERM 143 Terminated
