# Killed at any moment, OUT is the old model or the new one, whole, and the next run gets through
# and cleans up; so it is with the rejected one.
. "$SUPPORT/../cli/compress/common"

mkdir there
"$PARE" compress shapes.onnx -o new.onnx --data few.yaml -q || die "cannot prepare"
begun=$(date +%s%3N)
"$PARE" compress shapes.onnx -o there/out.onnx --data few.yaml -q || die "cannot prepare"
span=$(($(date +%s%3N) - begun + 20))
same there/out.onnx new.onnx
expect 1 compress shapes.onnx -o least.onnx --data few.yaml --max-size 1%
RANDOM=20240501
old=0 new=0
for i in $(seq 60); do
    limit=""
    [ $((i % 3)) -eq 0 ] && limit="--max-size 1%"
    cp shapes.onnx there/out.onnx
    rm -f there/out.rejected.onnx
    "$PARE" compress shapes.onnx -o there/out.onnx --data few.yaml -q $limit >/dev/null 2>&1 &
    pid=$!
    sleep "$(printf '%d.%03d' $((RANDOM % span / 1000)) $((RANDOM % span % 1000)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    if cmp -s there/out.onnx shapes.onnx; then
        old=$((old + 1))
    else
        new=$((new + 1))
        [ -z "$limit" ] || die "round $i: OUT was written though a limit fails"
        same there/out.onnx new.onnx
    fi
    [ ! -e there/out.rejected.onnx ] || same there/out.rejected.onnx least.rejected.onnx
done
rm -f there/out.rejected.onnx
expect 1 compress shapes.onnx -o there/out.onnx --data few.yaml --max-size 1%
expect 0 compress shapes.onnx -o there/out.onnx --data few.yaml
same there/out.onnx new.onnx
same there/out.rejected.onnx least.rejected.onnx
[ "$(ls -A there | sort | tr '\n' ' ')" = "out.onnx out.rejected.onnx " ] ||
    die "left behind: $(ls -A there)"
echo "killed $((old + new)) times within $span ms: $old times the old model, $new times the new one"
