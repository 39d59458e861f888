# Wrong uses and what cannot be pruned: refused in words that say what to do, nothing is written.
. "$SUPPORT/../cli/prune/common"

# refused STATUS MESSAGE WORD...
refused() {
    local status=$1 message=$2
    shift 2
    expect "$status" prune "$@"
    has err "$message"
    [ ! -e q.onnx ] || die "q.onnx was written"
}
to="shapes.onnx -o q.onnx"
data="--data shapes.yaml --samples 16"

refused 2 "'pare prune' needs --output OUT, or --list-groups" shapes.onnx
refused 2 "shapes.onnx: OUT is MODEL itself" shapes.onnx -o shapes.onnx --max-macs 70%
refused 2 "how small the model is to become is not said: give a limit, such as" $to
refused 2 "option '--max-macs': expected a percentage or a count" $to --max-macs 70J
refused 2 "did you mean 'channels'?" $to --what channel --max-macs 70%
refused 2 "did you mean 'second-order'?" $to --criterion second_order --max-macs 70%
refused 2 "round-to: expected auto or an integer from 1 to 65536, found '0'" $to --max-macs 70% \
    --round-to 0
refused 2 "exclude 'layer:frist': " $to --max-macs 70% --exclude layer:frist
refused 2 "floor: expected PATTERN=SHARE or PATTERN=COUNT" $to --max-macs 70% --floor op:Conv
refused 2 "floor: expected PATTERN=SHARE" $to --max-macs 70% --floor op:Conv=120%
refused 2 "floor: expected PATTERN=SHARE" $to --max-macs 70% --floor =5
refused 2 "sparsity is about single weights" $to --sparsity 50%
refused 2 "sparse-storage is about single weights" $to --sparse-storage --max-macs 70%
refused 2 "sparsity: expected a share above 0 and below 100%" $to --pattern unstructured \
    --sparsity 100%
refused 2 "pattern makes single weights zero and takes no channels out" $to --pattern 2:4 \
    --what heads
refused 2 "round-to is about widths" $to --pattern 2:4 --round-to 8
refused 2 "criterion: this one is of single weights" $to --max-macs 70% --criterion wanda
refused 2 "criterion: this one is of channels" $to --pattern 2:4 --criterion fpgm
refused 2 "criterion: it looks at what the model computes, and there are no data" $to \
    --max-macs 70% --criterion second-order
refused 2 "repair: it looks at what the model computes" $to --max-macs 70% --criterion l2 \
    --repair least-squares
refused 2 "--max-drop and --min-agreement need samples to be judged by" $to --max-drop 1
refused 2 "does not tell it" $to --max-latency 50% --target bare-45nm $data
refused 3 "nowhere.yaml" $to --data nowhere.yaml --max-macs 70%
refused 3 "nowhere.onnx: No such file" nowhere.onnx -o q.onnx --max-macs 70%
refused 4 "nothing can go that include, exclude, floor and round-to 8 let go" $to $data \
    --max-macs 70% --exclude '*'
refused 4 "no heads of attention are found" $to $data --max-macs 70% --what heads
refused 4 "a limit on multiply-accumulates: the model has none that are known" tiny_strings.onnx \
    -o q.onnx --max-macs 70%

# a pattern that matches nothing is a warning
expect 0 prune $to $data --max-macs 70% --exclude 'nothing*' --include '*'
has err "exclude: no node matches 'nothing*'"
