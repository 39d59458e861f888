# Planted faults are named on real classifiers, with labels and without; right descriptions are left
# in peace. docs/data-check.md has the whole table; this is what fits into a minute.
. "$SUPPORT/cli.sh"

need_shared data/cifar10
data=$PARE_SHARED/data

# check MODEL SOURCE STEPS LABELS: describes and checks; the report is left in out.
check() {
    local model=$1 source=$2 steps=$3 labels=$4
    {
        echo "source: $source"
        [ -z "$labels" ] || echo "labels: $labels"
        echo "preprocess: $steps"
    } >data.yaml
    expect 0 data check data.yaml --model "$data/models/$model.onnx" --json
}
quiet() { json out 'not d["findings"]'; }
finds() { json out "[f['kind'] for f in d['findings']] == ['$1']"; }
suggests() { json out "d['findings'][0]['suggestion'] == '$1'"; }

cifar=$data/cifar10/test-dev.tar.zst
net=cifar10/resnet20-bn
for labels in folders ""; do
    check $net "$cifar" '[imagenet]' "$labels" && quiet
    check $net "$cifar" '[0-1]' "$labels" && finds pipeline && suggests 'preprocess: [imagenet]'
    check cifar10/ms-tutorial-cnn "$cifar" '[minus1-1]' "$labels" && quiet
    check cifar10/ms-tutorial-cnn "$cifar" '[{color: bgr}, {mean: 127.5}, {std: 127.5}]' "$labels"
    finds pipeline && suggests 'preprocess: [minus1-1]'
done
check $net "$cifar" '[imagenet]' "{source: folders, offset: 1}"
finds label-offset
suggests 'labels: {..., offset: 0}'

digits=$data/mnist/t10k-images-idx3-ubyte.gz
classes=$data/mnist/t10k-labels-idx1-ubyte.gz
for labels in "$classes" ""; do
    check mnist/lenet-caffe "$digits" '[{divide: 255}]' "$labels" && quiet
    check mnist/lenet-caffe "$digits" '[{mean: 255}, {divide: -255}]' "$labels" && finds pipeline
    suggests 'preprocess: [{divide: 255}]'
done

# Colours swapped, numbers right, 0 for the background left out.
squares=$data/imagenet/val-dev.tar
check imagenet/mobilenetv2-1.0-224-deq "$squares" '[{crop: 224}, minus1-1]' \
    "$data/imagenet/val-dev.txt"
finds label-offset
suggests 'labels: {..., offset: 1}'
