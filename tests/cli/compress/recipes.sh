# Recipes that are none: file, line, and the nearest name; and --set.
. "$SUPPORT/../cli/compress/common"

# bad MESSAGE <<'END': the recipe on standard input is refused with this.
bad() {
    cat >r.yaml
    expect 3 compress shapes.onnx -o out.onnx --recipe r.yaml
    has err "$1"
    [ ! -e out.onnx ] || die "out.onnx was written"
}

bad "r.yaml:2: unknown key 'step'; did you mean 'steps'?" <<'END'
pare: 1
step: []
END
bad "r.yaml:3: unknown key 'quantise'; did you mean 'quantize'?" <<'END'
pare: 1
steps:
  - quantise: {}
END
bad "r.yaml:3: unknown option 'weight' of step 'quantize'; did you mean 'weights'?" <<'END'
pare: 1
steps:
  - quantize: {weight: int8}
END
bad "r.yaml:5: weights: expected one of auto, int8, int4, int2, float16, bfloat16, found 'int3'" \
    <<'END'
pare: 1
steps:
  - fold: {}
  - quantize:
      weights: int3
END
bad "r.yaml:3: block-size: expected an integer from 0 to 1048576, found '64k'" <<'END'
pare: 1
steps:
  - quantize: {block-size: 64k}
END
bad "r.yaml:3: weights: expected one value, found a list" <<'END'
pare: 1
steps:
  - quantize: {weights: [int8, int4]}
END
bad "r.yaml:2: max-size: expected a percentage or a size, such as 30% or 25MB, found '30 mJ'" \
    <<'END'
pare: 1
limits: {max-size: 30 mJ}
steps:
  - quantize: {}
END
bad "r.yaml:2: max-energy: nothing may remain, which no model can keep: found '0%'" <<'END'
pare: 1
limits: {max-energy: 0%}
steps:
  - quantize: {}
END
bad "r.yaml:2: min-agreement: expected a share, such as 99%, found '120%'" <<'END'
pare: 1
limits: {min-agreement: 120%}
steps:
  - quantize: {}
END
bad "r.yaml:2: unknown key 'max-drops' in 'limits'; did you mean 'max-drop'?" <<'END'
pare: 1
limits: {max-drops: 1}
steps:
  - quantize: {}
END
bad "r.yaml:1: expected the key 'pare: 1'" <<'END'
steps:
  - quantize: {}
END
bad "r.yaml:1: 'pare': expected a whole number from 1 to 1, found '2'" <<'END'
pare: 2
steps:
  - quantize: {}
END
bad "r.yaml:1: expected the key 'steps'" <<'END'
pare: 1
END
bad "r.yaml:2: expected a list of steps" <<'END'
pare: 1
steps: {quantize: {}}
END
bad "r.yaml:2: minimize: expected one of energy, latency" <<'END'
pare: 1
minimize: joules
steps:
  - quantize: {}
END
bad "r.yaml:3: on-miss: expected one of auto, keep-best, roll-back, found 'keep'" <<'END'
pare: 1
steps:
  - quantize: {on-miss: keep}
END
bad "choose: stands instead of steps" <<'END'
pare: 1
choose: [{preset: int8}]
steps: [{quantize: {}}]
END
bad "did you mean 'int8'?" <<'END'
pare: 1
choose: [{preset: int9}]
END

# the recipe of the documentation, without the step that is not there yet
cat >full.yaml <<'END'
pare: 1
target: [ort-x64, ort-arm64]
dims: {batch: 1}
data:
  calibration: {from: shapes.yaml, take: 200, seed: 1}
  evaluation:  {from: shapes.yaml, take: rest}
  metrics: [top1, agreement]
limits: {max-drop: 2.5, max-energy: 120%, max-size: 30 MB}
steps:
  - fold: {}
  - prune: {what: channels, max-macs: 90%, round-to: 8, exclude: ["/fc/*"], repair: least-squares}
  - quantize: {weights: int8, activations: auto, calibration: auto, correct: [equalize, bias],
               overrides: [{match: "op:Softmax", keep: float}], on-miss: keep-best}
use: {volume: 10M/month, grid: DEU, pue: 1.2, price: 0.25EUR}
report: {dir: told/, formats: [md, json]}
END
expect 0 compress shapes.onnx -o full.onnx --recipe full.yaml
has out "data: 200 samples to learn from, 600 others to judge by, with labels"
has out "holds  max-energy: full.onnx has"
has out "kWh"
[ "$(ls told | tr '\n' ' ')" = "report.json report.md " ] || die "the report has: $(ls told)"
json told/report.json "len(d['targets']) == 2"

# --set: full and short names, and what is wrong with them
expect 0 compress shapes.onnx -o a.onnx --data shapes.yaml --set steps.quantize.weights=int4 \
    --set quantize.activations=none --preset int8-weights
expect 0 compress shapes.onnx -o b.onnx --data shapes.yaml --set weights=int4 \
    --preset int8-weights
same a.onnx b.onnx
expect 0 compress shapes.onnx -o c.onnx --data shapes.yaml --set calibration=minmax
set_wrong() {
    expect 2 compress shapes.onnx -o no.onnx --data shapes.yaml "${@:2}"
    has err "$1"
}
set_wrong "option '--set': expected KEY=VALUE" --set weights --preset int8
set_wrong "did you mean 'weights'?" --set weigths=int4 --preset int8
set_wrong "expected one of auto, int8, int4" --set weights=int5 --preset int8
set_wrong "the recipe has no step 'prune'" --set prune.what=heads --preset int8
set_wrong "'exclude' is an option of several steps: write prune.exclude or quantize.exclude" \
    --set exclude=x --preset prune-int8
set_wrong "expected percentage points, such as 0.5, found 'x'" --set max-drop=x
set_wrong "there is no preset 'int9'; 'pare recipes' lists them" --preset int9
set_wrong "--recipe and --preset say the same thing" --preset int8 --recipe full.yaml
expect 2 recipes int9
has err "did you mean 'int8'?"
