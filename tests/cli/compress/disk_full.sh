# A disk that is full: exit status 5 with the system's words, the old file stays.
. "$SUPPORT/../cli/compress/common"

[ "$(id -u)" -eq 0 ] || skip "mounting takes root"
mkdir disk
mount -t tmpfs -o size=128k tmpfs disk 2>/dev/null || skip "no tmpfs can be mounted"
trap 'umount disk' EXIT

head -c 90000 /dev/zero >disk/out.onnx
cp disk/out.onnx old
expect 5 compress shapes.onnx -o disk/out.onnx --data few.yaml
empty out
has err "No space left on device"
same disk/out.onnx old
[ "$(ls -A disk)" = out.onnx ] || die "left behind: $(ls -A disk)"

# no room for the rejected one either
expect 5 compress shapes.onnx -o disk/new.onnx --data few.yaml --max-size 1%
[ "$(ls -A disk)" = out.onnx ] || die "left behind: $(ls -A disk)"
