# The report: what went, errors before and after repair.
. "$SUPPORT/../cli/prune/common"

expect 0 prune shapes.onnx -o small.onnx --data shapes.yaml --samples 32 --max-macs 60% \
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
