# More than 2 GiB of weights go from file to file through a memory that does not hold them.
. "$SUPPORT/cli.sh"

python3 - <<'PY' || die "cannot prepare"
K, LAYERS = 8192, 9

def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])

def number(field, n): return varint(field << 3) + varint(n)
def part(field, data): return varint(field << 3 | 2) + varint(len(data)) + data
def text(field, s): return part(field, s.encode())
def value(field, name):
    dims = part(1, number(1, 1)) + part(1, number(1, K))
    return part(field, text(1, name) + part(2, part(1, number(1, 1) + part(2, dims))))
def entry(key, s): return part(13, text(1, key) + text(2, s))

graph = text(2, "g") + value(11, "x0") + value(12, "x%d" % LAYERS)
for i in range(LAYERS):
    graph += part(1, text(1, "x%d" % i) + text(1, "w%d" % i) + text(2, "x%d" % (i + 1)) +
                  text(3, "m%d" % i) + text(4, "MatMul"))
    graph += part(5, number(1, K) + number(1, K) + number(2, 1) + text(8, "w%d" % i) +
                  entry("location", "big.data") + entry("offset", str(i * K * K * 4)) +
                  entry("length", str(K * K * 4)) + number(14, 1))
open("big.onnx", "wb").write(number(1, 10) + part(7, graph) + part(8, number(2, 21)))
with open("big.data", "wb") as f:
    f.truncate(LAYERS * K * K * 4)     # a hole: zeros that take no room
PY

cat >run.py <<'PY'
import os, resource, subprocess, sys
status = subprocess.call([os.environ["PARE"]] + sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, "MB")
sys.exit(status)
PY
export PARE
for form in "--weights int4" "--weights int4 --algorithm rtn" "--weights int8"; do
    python3 run.py quantize big.onnx -o out.onnx $form --quiet >out 2>err || die "$(cat err)"
    peak=$(sed -n 's/^peak \([0-9]*\) MB/\1/p' out)
    [ "$peak" -lt 400 ] || die "$form took $peak MB"
    "$PARE" inspect out.onnx | grep -q MatMulNBits || die "$form: no MatMulNBits"
    rm -f out.onnx*
done
