# What the quick start leaves, with a program that is built already.
. "$SUPPORT/cli.sh"

mkdir -p house/testdata/models
cp -r "$SUPPORT/../../cli" house/
cp -r "$TESTDATA/shapes" house/testdata/
PARE="$PARE" house/cli/quickstart >out 2>err || die "exit status $?: $(cat out err)"
has out "recipe auto chose int8"
has out "Ship it: small.onnx against shapes.onnx on ort-x64: 72 % smaller"
has out "to look at it:  $PWD/house/build/quickstart/report.html"
[ -s house/build/quickstart/report.html ] || die "no report"
[ -s house/build/quickstart/small.onnx ] || die "no model"

# another model, without data: nothing tells what is lost, and it says so
PARE="$PARE" house/cli/quickstart "$TESTDATA/models/tiny_depthwise.onnx" >out 2>err ||
    die "exit status $?: $(cat out err)"
has out "data: none, so nothing tells what the answers lose"
has out "Look before you ship"
PARE="$PARE" house/cli/quickstart "$PWD/out" >out.txt 2>err && die "anything is a model"
exit 0
