# A disk that is full: exit status 5 with the system's words, the old file stays.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

[ "$(id -u)" -eq 0 ] || skip "mounting takes root"
mkdir disk
mount -t tmpfs -o size=2m tmpfs disk 2>/dev/null || skip "no tmpfs can be mounted"
trap 'umount disk' EXIT

external_model e.onnx 4 w.data
relu_model m.onnx
expect 0 convert m.onnx -o disk/out.onnx
for storage in "" --embed --external-data=1; do
    expect 5 convert e.onnx -o disk/out.onnx $storage
    empty out
    has err "pare: error: disk/"
    has err "No space left on device"
    same disk/out.onnx m.onnx
    [ "$(ls -A disk)" = out.onnx ] || die "left behind: $(ls -A disk)"
done
