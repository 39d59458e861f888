# Wrong inputs: the exit status, what is expected, the nearest name.
. "$SUPPORT/cli.sh"

model=$TESTDATA/models/tiny_all_dtypes.onnx
npy() { # FILE DESCR SHAPE DATA: a .npy file
    local header="{'descr': '$2', 'fortran_order': False, 'shape': $3, }"
    python3 - "$1" "$header" "$4" <<'PY'
import sys
path, header, data = sys.argv[1:]
with open(path, "wb") as f:
    f.write(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode())
    f.write(bytes.fromhex(data))
PY
}

npy x.npy '<f4' '()' 00000040
npy double.npy '<f8' '()' 0000000000000040
npy row.npy '<f4' '(2,)' 0000004000000040
echo text >text.npy

expect 0 run "$model" --input x=x.npy
empty err
has out "y  float"

expect 3 run "$model" --input z=x.npy
has err "pare: error: input 'z': the model has no input of this name"
has err "pare: hint: its inputs are 'x'"
expect 3 run "$TESTDATA/models/tiny_qdq.onnx" --input imgae=x.npy
has err "hint: did you mean 'image'?"
expect 3 run "$TESTDATA/models/tiny_qdq.onnx" --shape imag=1,3,8,8
has err "hint: did you mean 'image'?"
expect 3 run "$TESTDATA/models/tiny_qdq.onnx" --dim batsh=1
has err "no input of the model has a dimension 'batsh'"
has err "hint: did you mean 'batch'?"
expect 3 run "$TESTDATA/models/tiny_qdq.onnx" --shape image=1,4,8,8
has err "input 'image': expected float[batch,3,8,8], found float[1,4,8,8]"

expect 3 run "$model" --input x=double.npy
has err "input 'x': expected float, found elements of type double in double.npy"
expect 3 run "$model" --input x=row.npy
has err "input 'x': expected float, found float[2]"
expect 3 run "$model" --input x=missing.npy
has err "missing.npy: "
expect 3 run "$model" --input x=text.npy
has err "text.npy: expected a .npy file"

expect 2 run "$model" --input x.npy
has err "--input: expected a value like image=image.npy, found 'x.npy'"
expect 2 run "$model" --input x=x.npy --input x=x.npy
has err "--input: 'x' is given twice"
expect 2 run "$model" --input x=x.npy --shape x=
has err "has the shape of the data that --input gives it"
expect 2 run "$model" --vectors 2
has err "--vectors writes test data; --output-dir says where"

# Nothing is written when the run fails; failures come as JSON too.
expect 3 run "$model" --input x=row.npy --output-dir d
[ ! -e d ] || die "a folder is left"
expect 3 run "$model" --input x=row.npy --json
json out 'd["error"]["exit_status"] == 3'

# A file where the folder should be.
expect 5 run "$model" --output-dir x.npy
has err "x.npy: cannot make the folder"
