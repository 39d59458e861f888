# Metrics that a program computes: what it reads, what it may say, and what becomes of one that does
# not behave.
. "$SUPPORT/../cli/eval/common"

unary_model id.onnx Identity
unary_model neg.onnx Neg
npz d.npz 'x=f4:6,4:(i*5)%11' 'labels=i8:6:r%4'
cat >count.py <<'END'
import io, json, struct, sys, zipfile
z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert z.testzip() is None
arrays = {}
for name in z.namelist():
    data = z.read(name)
    n = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + n])
    kind = {"<f4": "f", "<i8": "q"}[header["descr"]]
    count = (len(data) - 10 - n) // struct.calcsize(kind)
    arrays[name] = header["shape"], struct.unpack("<%d%s" % (count, kind), data[10 + n:])
assert arrays["output.npy"][0] == (6, 4), arrays
assert arrays["labels.npy"] == ((6,), (0, 1, 2, 3, 0, 1)), arrays
assert arrays["rows.npy"] == ((6,), (0, 1, 2, 3, 4, 5)), arrays
assert len(sys.argv) == 2 and sys.argv[1] == "$HOME;ls *", sys.argv
json.dump({"value": sum(arrays["output.npy"][1])}, sys.stdout)
END
# ask NAME COMMAND: a description that asks for a program.
ask() {
    cat >d.yaml <<END
source: d.npz
labels: labels
metrics:
  - top1
  - {name: total, command: $1, higher-is-better: true}
END
}
mkdir away
ask '[python3, count.py, "$HOME;ls *"]'
expect 0 eval id.onnx --data d.yaml
has err 'warning: the data ask for metrics that programs compute, which --allow-commands runs'
has out 'total             not run'
total=$(python3 -c 'print(sum(i * 5 % 11 for i in range(24)))')
expect 0 eval id.onnx --data d.yaml --reference neg.onnx --allow-commands --json
empty err
json out "d['metrics'][1]['metric'] == 'total' and d['metrics'][1]['higher_is_better']"
json out "d['metrics'][1]['value'] == $total and d['metrics'][1]['reference'] == -$total"
cd away # it runs beside the description
expect 0 eval ../id.onnx --data ../d.yaml --allow-commands
has out "total             $total"
cd ..

# fails STATUS TEXT COMMAND
fails() {
    ask "$3"
    expect "$1" eval id.onnx --data d.yaml --allow-commands --metric-time 300ms
    empty out
    has err "metric 'total': $2"
    [ "$(wc -l <err)" = 1 ] || die "more than a line: $(cat err)"
}
fails 3 "its program './nothing' cannot be started" '[./nothing]'
fails 3 'its program ended with exit status 7: no idea' \
    '[sh, -c, "echo not this >&2; echo no idea >&2; exit 7"]'
fails 3 'its program was ended by signal 11' '[sh, -c, "kill -SEGV $$"]'
fails 3 'output of its program: expected a JSON object' '[sh, -c, "true"]'
fails 3 'output of its program: expected a JSON object' '[echo, "0.5"]'
fails 3 'output of its program: has no "value"' '[echo, "{\"f1\": 0.5}"]'
fails 3 'output of its program: "value" is text' '[echo, "{\"value\": \"0.5\"}"]'
fails 3 'output of its program' '[echo, "{\"value\": NaN}"]'
fails 3 'output of its program' '[echo, "{\"value\": .inf}"]'
fails 3 'output of its program' '[echo, "{\"value\": [1, 2"]'
fails 5 'its program prints more than a mebibyte' \
    '[sh, -c, "while :; do echo 0123456789012345678901234567890123456789; done"]'
fails 5 'its program did not end within 0.3 s' '[sleep, "50"]'
fails 5 'its program did not end within 0.3 s' '[sh, -c, "exec >&- 2>&-; sleep 50"]'
# What it leaves behind goes with it, also when it holds the pipes.
mark=5$$.5
fails 5 'its program did not end within 0.3 s' "[sh, -c, \"sleep $mark & sleep $mark\"]"
ask "[sh, -c, \"sleep $mark & echo '{\\\"value\\\": 1}'\"]"
expect 0 eval id.onnx --data d.yaml --allow-commands
has out 'total             1'
sleep 0.1
! pgrep -f "sleep $mark" >/dev/null || die "a process was left behind"
[ -z "$(find . -name '*.pare-tmp')" ] || die "temporary files are left"
