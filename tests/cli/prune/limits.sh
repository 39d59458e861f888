# Limits of every figure, alone and together; goals of data; gates; what reports say.
. "$SUPPORT/../cli/prune/common"

# one limit each: at most 1 % below it, where single channels may go
for limit in macs:macs:70 params:params:60 energy:energy_mj:80 flash:flash_bytes:60 \
    size:file_bytes:60; do
    IFS=: read -r name key most <<<"$limit"
    expect 0 prune shapes.onnx -o "$name.onnx" --data shapes.yaml --samples 64 --round-to 1 \
        "--max-$name" "$most%"
    has out "holds  max-$name: $name.onnx has"
    between "$(left "$key" "$name.onnx" shapes.onnx)" $((most - 1)) "$most.0001"
done
expect 0 prune shapes.onnx -o ram.onnx --data shapes.yaml --samples 64 --round-to 1 --max-ram 20KB
has out "holds  max-ram: ram.onnx has"
expect 0 prune shapes.onnx -o time.onnx --data shapes.yaml --samples 64 --max-latency 90%
has out "holds  max-latency: time.onnx has"

# several hold together; an amount is as good as a share
expect 0 prune shapes.onnx -o all.onnx --data shapes.yaml --samples 64 --round-to 1 \
    --max-energy 90% --max-params 40k --max-macs 1.1M
for name in energy params macs; do has out "holds  max-$name: all.onnx has"; done
between "$(left params all.onnx shapes.onnx)" 1 65.8

# widths are multiples of what the target counts in, or of what is asked for
expect 0 prune shapes.onnx -o eight.onnx --data shapes.yaml --samples 64 --max-macs 50%
has out "holds  max-macs"
"$PARE" inspect eight.onnx --by-layer >layers
python3 - layers <<'END' || die "widths are no multiples of 8"
import re, sys
widths = [int(m) for m in re.findall(r"float\[\S*?,(\d+),\d+,\d+\]", open(sys.argv[1]).read())]
sys.exit(not widths or any(w % 8 for w in widths))
END
same <("$PARE" eval eight.onnx --data shapes.yaml --limit 64 --threads 1) \
    <("$PARE" eval eight.onnx --data shapes.yaml --limit 64 --threads 2)
for threads in 1 2; do
    expect 0 prune shapes.onnx -o "t$threads.onnx" --data shapes.yaml --samples 64 --max-macs 50% \
        --threads $threads
done
same t1.onnx t2.onnx
same t1.onnx eight.onnx
expect 0 inspect eight.onnx --json
has out "pare.history"

# patterns and floors
expect 0 prune shapes.onnx -o kept.onnx --data shapes.yaml --samples 64 --max-macs 80% \
    --exclude /conv1 --floor /conv3=100% --round-to 1 --json
json out "all(r['after'] == r['before'] or r['name'] in ('/conv2_out', '/conv4_out')
              for r in d['steps'][0]['removed'])"
expect 0 prune shapes.onnx -o one.onnx --data shapes.yaml --samples 64 --max-macs 90% \
    --include /conv2 --round-to 1 --json
json out "[r['name'] for r in d['steps'][0]['removed'] if r['after'] < r['before']] == ['/conv2_out']"

# a limit that cannot be had: as much as may go, told, and OUT stays as it was
echo old >out.onnx
expect 1 prune shapes.onnx -o out.onnx --data shapes.yaml --samples 64 --max-macs 50% \
    --include /conv1
has out "less cannot be had with these settings: try round-to 1, let more go"
has out "FAILS  max-macs: out.onnx has"
has out "wrote out.rejected.onnx: "
[ "$(cat out.onnx)" = old ] || die "out.onnx was changed"
expect 0 inspect out.rejected.onnx
rm out.rejected.onnx
expect 1 prune shapes.onnx -o out.onnx --data shapes.yaml --samples 64 --max-macs 0%
has out "FAILS  max-macs: out.onnx has"
rm out.rejected.onnx
expect 1 prune shapes.onnx -o out.onnx --data shapes.yaml --samples 64 --max-macs 20% \
    --max-drop 0 --round-to 1 --repair none --dry-run
has out "FAILS  max-drop: out.onnx has"
has out "would write out.onnx"
[ ! -e out.rejected.onnx ] || die "a dry run has written"
[ "$(cat out.onnx)" = old ] || die "out.onnx was changed"

# a limit on accuracy alone is a goal: the smallest model that keeps it
expect 0 prune shapes.onnx -o goal.onnx --data shapes.yaml --samples 64 --max-drop 1 --round-to 1
has out "6 models were judged for the smallest that keeps its answers: it loses"
has out "holds  max-drop: goal.onnx has"
between "$(left macs goal.onnx shapes.onnx)" 1 75
expect 0 prune shapes.onnx -o goal.onnx --data shapes.yaml --samples 64 --min-agreement 97% \
    --max-macs 90%
has out "holds  min-agreement: goal.onnx has"
lacks out "models were judged for the smallest"

# what is small enough stays as it is
expect 0 prune shapes.onnx -o same.onnx --max-macs 100%
has out "left: multiply-accumulates 100 % of the model's"

# the report: what went, errors before and after repair
expect 0 prune shapes.onnx -o small.onnx --data shapes.yaml --samples 64 --max-macs 60% \
    --round-to 1 --report pages
json pages/report.json "d['tool']['verb'] == 'prune' and d['steps'][0]['name'] == 'prune'"
json pages/report.json "'what=channels' in d['steps'][0]['options']"
json pages/report.json "len(d['steps'][0]['removed']) == 4"
json pages/report.json "all(r['what'] == 'channels' and r['before'] >= r['after'] > 0 and r['why']
                            for r in d['steps'][0]['removed'])"
json pages/report.json "any(r['error_after'] is not None for r in d['steps'][0]['removed'])"
json pages/report.json "d['after']['accuracy']['samples'] == 500 and d['accuracy_change']"
python3 "$SUPPORT/schema_check.py" "$SUPPORT/../../docs/report.schema.json" pages/report.json ||
    die "report.json is not of its schema"
has pages/report.html "became less"
has pages/report.md "What was taken out"
