# What run prints and writes; the same for the same seed.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
expect 0 run m.onnx
empty err
grep -qE '^y  float\[4\]  min 0  max [0-9.]+  mean [0-9.]+  first( [0-9.]+){4}$' out ||
    die "the line is $(cat out)"
cp out first
expect 0 run m.onnx --output-dir d
same out first
[ "$(ls -A d)" = y.npy ] || die "written: $(ls -A d)"
[ "$(stat -c %s d/y.npy)" = 144 ] || die "y.npy has $(stat -c %s d/y.npy) bytes"
expect 0 run m.onnx --seed 1
! cmp -s out first || die "another seed gives the same"
expect 0 run m.onnx --quiet
empty out
empty err
expect 0 run m.onnx --verbose
has err "pare: note: ran in "

expect 0 run m.onnx --json --output-dir d
empty err
json out 'd["schema"] == "pare.run/1" and d["input"]["file"] == "m.onnx"'
json out 'd["runs"][0]["seed"] == 0'
json out 'd["runs"][0]["outputs"][0]["dims"] == [4]'
json out 'd["runs"][0]["outputs"][0]["file"] == "y.npy"'
lacks out "$PWD"

# What came out goes in again: Relu changes nothing more.
expect 0 run m.onnx --input x=d/y.npy
text out <first

# Test data as ONNX lays it out, each set with a seed of its own, and read back.
expect 0 run m.onnx --vectors 2 --output-dir v
text out <<'END'
wrote v/test_data_set_0 to test_data_set_1
END
[ "$(ls -A v | tr '\n' ' ')" = "test_data_set_0 test_data_set_1 " ] || die "written: $(ls -A v)"
[ "$(ls -A v/test_data_set_0 | tr '\n' ' ')" = "input_0.pb output_0.pb " ] ||
    die "written: $(ls -A v/test_data_set_0)"
! cmp -s v/test_data_set_0/input_0.pb v/test_data_set_1/input_0.pb || die "the sets are the same"
expect 0 run m.onnx --input x=v/test_data_set_0/input_0.pb
text out <first
expect 2 run m.onnx --vectors 1 --output-dir v
has err "v/test_data_set_0: is there already"

# Names that are no names of files.
node=$(pb_text 1 x; pb_text 2 ../a/b; pb_text 4 Relu)
out=$(pb_text 1 ../a/b; pb_msg 2 "$(pb_msg 1 "$(pb_int 1 1)")")
pb_write odd.onnx "$(pb_model "$(pb_msg 1 "$node"; pb_text 2 g; pb_msg 11 "$(pb_value x 2)"
    pb_msg 12 "$out")")"
expect 0 run odd.onnx --output-dir o
[ "$(ls -A o)" = _._a_b.npy ] || die "written: $(ls -A o)"
[ -z "$(find . -name '*.pare-tmp')" ] || die "temporary files are left"
