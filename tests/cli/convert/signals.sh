# SIGINT and SIGTERM while a model is written: 130 and 143, no litter, the old file stays.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"
set -m # so that SIGINT is not ignored in the background

mkdir there
external_model e.onnx 1024 w.data
echo old >there/out.onnx
cp there/out.onnx old

# stop SIGNAL STATUS NAME OPTION: sends the signal as soon as writing has begun.
stop() {
    local pid got=0 tries=0
    "$PARE" convert e.onnx -o there/out.onnx $4 >out 2>err </dev/null &
    pid=$!
    until [ -e there/.out.onnx.pare-tmp ] || [ $tries -eq 1000 ]; do
        tries=$((tries + 1))
        sleep 0.01
    done
    kill -s "$1" $pid
    wait $pid || got=$?
    [ $got -eq "$2" ] || { cat err; die "exit status $got after SIG$1"; }
    has err "pare: error: stopped by $3; there/out.onnx is as it was before"
    same there/out.onnx old
    [ "$(ls -A there)" = out.onnx ] || die "left behind: $(ls -A there)"
}

stop INT 130 Interrupt ""
empty out
stop TERM 143 Terminated ""
stop INT 130 Interrupt --json
json out "d['error']['exit_status'] == 130 and d['error']['kind'] == 'stopped'"
