# What may not go, limits that cannot be had, and goals of data.
. "$SUPPORT/../cli/prune/common"

# patterns and floors
expect 0 prune shapes.onnx -o kept.onnx --data shapes.yaml --samples 32 --max-macs 80% \
    --exclude /conv1 --floor /conv3=100% --round-to 1 --json
json out "all(r['after'] == r['before'] or r['name'] in ('/conv2_out', '/conv4_out')
              for r in d['steps'][0]['removed'])"
expect 0 prune shapes.onnx -o one.onnx --data shapes.yaml --samples 32 --max-macs 90% \
    --include /conv2 --round-to 1 --json
json out "[r['name'] for r in d['steps'][0]['removed']
           if r['after'] < r['before']] == ['/conv2_out']"

# a limit that cannot be had: as much as may go, told, and OUT stays as it was
echo old >out.onnx
expect 1 prune shapes.onnx -o out.onnx --data shapes.yaml --samples 32 --max-macs 50% \
    --include /conv1
has out "less cannot be had with these settings: try round-to 1, let more go"
has out "FAILS  max-macs: out.onnx has"
has out "wrote out.rejected.onnx: "
[ "$(cat out.onnx)" = old ] || die "out.onnx was changed"
expect 0 inspect out.rejected.onnx
rm out.rejected.onnx
expect 1 prune shapes.onnx -o out.onnx --data shapes.yaml --samples 32 --max-macs 0%
has out "FAILS  max-macs: out.onnx has"
rm out.rejected.onnx
expect 1 prune shapes.onnx -o out.onnx --data shapes.yaml --samples 32 --max-macs 20% \
    --max-drop 0 --round-to 1 --repair none --dry-run
has out "FAILS  max-drop: out.onnx has"
has out "would write out.onnx"
[ ! -e out.rejected.onnx ] || die "a dry run has written"
[ "$(cat out.onnx)" = old ] || die "out.onnx was changed"

# a limit on accuracy alone is a goal: the smallest model that keeps it
expect 0 prune shapes.onnx -o goal.onnx --data shapes.yaml --samples 32 --max-drop 1 --round-to 1
has out "6 models were judged for the smallest that keeps its answers: it loses"
has out "holds  max-drop: goal.onnx has"
between "$(left macs goal.onnx shapes.onnx)" 1 75
expect 0 prune shapes.onnx -o goal.onnx --data shapes.yaml --samples 32 --min-agreement 97% \
    --max-macs 90%
has out "holds  min-agreement: goal.onnx has"
lacks out "models were judged for the smallest"

# what is small enough stays as it is
expect 0 prune shapes.onnx -o same.onnx --max-macs 100%
has out "left: multiply-accumulates 100 % of the model's"

# what made it stands in the file, with limits that make it again; a search may be ended
expect 0 prune shapes.onnx -o goal.onnx --data shapes.yaml --samples 32 --max-drop 1 \
    --max-time 1ms --exclude /conv1
has out "1 model was judged for the smallest that keeps its answers: it loses"
has out "--max-time ended the search: the smallest by then is kept"
expect 0 inspect goal.onnx --json
has out "prune what=channels criterion=second-order"
has out "round-to=8 exclude=/conv1 max-macs=50%"
expect 0 prune shapes.onnx -o again.onnx --data shapes.yaml --samples 32 --exclude /conv1 \
    --max-macs 50%
same goal.onnx again.onnx
