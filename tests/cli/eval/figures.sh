# What eval prints and tells programs: alone, in pairs, without labels.
. "$SUPPORT/../cli/eval/common"

# Row r is right where its largest element stands at r % 4: all but every fifth, whose element 1 is
# larger. Abs brings the -9 of row 14 to the front.
unary_model id.onnx Identity
unary_model abs.onnx Abs
right='3+r/8.0 if k==r%4 else' wrong='4+r/8.0 if r%5==0 and k==1 else'
odd='-9 if r%7==0 and r and k==3 else k/8.0'
npz d.npz "x=f4:20,4:$right $wrong $odd" 'labels=i8:20:r%4'
cat >d.yaml <<'END'
source: d.npz
labels: labels
metrics: [top1, agreement]
END
expect 0 eval id.onnx --data d.yaml
empty err
text out <<'END'
id.onnx on d.yaml: 20 samples

metric            value             95 % interval
top1              85.00 %           63.96 to 94.76

right: 17 of 20

worst samples    label   answer  loss
  d.npz: row 0   0       1       1.35
  d.npz: row 10  2       1       1.32
  d.npz: row 15  3       1       1.32
  d.npz: row 1   1       1       0.152
  d.npz: row 2   2       2       0.13
  d.npz: row 3   3       3       0.111
  d.npz: row 4   0       0       0.111
  d.npz: row 5   1       1       0.095
  d.npz: row 6   2       2       0.081
  d.npz: row 8   0       0       0.0685
END

expect 0 eval abs.onnx --data d.yaml --reference id.onnx --by-layer
has out 'top1              80.00 %           58.40 to 91.93        85.00 %'
has out 'agreement         95.00 %           76.39 to 99.11'
has out 'right: 16 of 20, reference 17'
has out 'pairs: 1 broken, 0 repaired: drop 5.00 points, at most '
has out 'a drop of at most 0.5 points cannot be told from so few samples; some '
has out 'values by SQNR over 20 samples, noisiest first'
cp out first
expect 0 eval abs.onnx --data d.yaml --reference id.onnx --by-layer --threads 1
same out first
expect 0 eval abs.onnx --data d.yaml --reference id.onnx --by-layer --threads 3
same out first

expect 0 eval abs.onnx --data d.yaml --reference id.onnx --json --metrics agreement,top5,kl
empty err
json out 'd["schema"] == "pare.eval/1" and d["input"]["file"] == "abs.onnx"'
json out '[m["metric"] for m in d["metrics"]] == ["agreement", "top5", "kl", "sqnr"]'
json out 'd["metrics"][0]["value"] == 0.95 and d["metrics"][0]["higher_is_better"]'
json out 'd["data"]["name"] == "d.yaml" and d["data"]["samples"] == 20'
json out 'd["data"]["skipped"] == 0 and d["data"]["unlabelled"] == 0'
json out 'd["rows"] == 20 and d["right"] == 16 and d["reference_right"] == 17'
json out 'd["accuracy_change"]["broken"] == 1 and d["accuracy_change"]["repaired"] == 0'
json out 'd["accuracy_change"]["drop"] == 5 and d["accuracy_change"]["verdict"] == "open"'
json out 'd["worst"][0]["sample"] == "d.npz: row 14"'
lacks out "$PWD"

# Gates: by what was measured.
expect 1 eval abs.onnx --data d.yaml --reference id.onnx --max-drop 4.9 --quiet
empty out
expect 0 eval abs.onnx --data d.yaml --reference id.onnx --max-drop 5%

# Without labels changed answers bound the drop.
npz u.npz "x=f4:20,4:$right $odd"
expect 0 eval abs.onnx --data u.npz --reference id.onnx
has out 'changed answers: 1 of 20; drop at most 5.00 points here, 21.61 in general (95 %)'
has out ': bounded by agreement'
lacks out 'top1'
expect 0 eval abs.onnx --data u.npz --reference id.onnx --json
json out 'd["accuracy_change"]["bounded_by_agreement"] and d["accuracy_change"]["pairs"] == 0'

# Some of them: as many as asked for, the same each time, others for another seed.
expect 0 eval id.onnx --data d.yaml --limit 8 --json
json out 'd["data"]["samples"] == 8'
cp out first
expect 0 eval id.onnx --data d.yaml --limit 8 --json --threads 1
json out 'd["data"]["hash"] == json.load(open("first"))["data"]["hash"]'

# NaN is counted, named, and wrong.
unary_model log.onnx Log
expect 0 eval log.onnx --data d.yaml --reference id.onnx
has err 'warning: the model gives NaN for 1 of 20 samples: d.npz: row 14; they count as wrong'

# Test vectors say what they expect.
expect 0 run abs.onnx --vectors 3 --output-dir v
expect 0 eval abs.onnx --data v
has out 'abs.onnx on v: 3 samples, against what the data expect'
has out 'agreement         100.00 %'
has out 'sqnr              exact'
