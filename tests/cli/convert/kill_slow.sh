# Killed at any moment, OUT is the old model or the new one, whole, and the next run gets through
# and cleans up.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

mkdir there
external_model one.onnx 8 w1.data
external_model two.onnx 12 w2.data
head -c 12582912 /dev/urandom >w2.data
"$PARE" convert one.onnx -o one-in.onnx --embed -q || die "cannot prepare"
"$PARE" convert two.onnx -o two-in.onnx --embed -q || die "cannot prepare"

# How long one run takes, in milliseconds; moments are drawn from a bit more than that.
begun=$(date +%s%3N)
"$PARE" convert two-in.onnx -o there/out.onnx -q || die "cannot prepare"
span=$(($(date +%s%3N) - begun + 10))
RANDOM=20240501
old=0 new=0
for i in $(seq 200); do
    from=one-in.onnx before=two-in.onnx storage=--embed
    [ $((i % 2)) -eq 0 ] && from=two-in.onnx before=one-in.onnx
    [ $((i % 4)) -lt 2 ] && storage=--external-data=1MiB
    cp $before there/out.onnx
    "$PARE" convert $from -o there/out.onnx $storage -q >/dev/null 2>&1 &
    pid=$!
    sleep "$(printf '0.%03d' $((RANDOM % span)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    if cmp -s there/out.onnx $before; then
        old=$((old + 1))
    else
        new=$((new + 1))
        "$PARE" convert there/out.onnx -o now.onnx --embed -q || die "round $i: OUT is broken"
        same now.onnx $from
    fi
done
expect 0 convert one-in.onnx -o there/out.onnx
same there/out.onnx one-in.onnx
[ "$(ls -A there)" = out.onnx ] || die "left behind: $(ls -A there)"
echo "killed $((old + new)) times within $span ms: $old times the old model, $new times the new one"
