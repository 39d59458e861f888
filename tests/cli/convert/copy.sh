# A conversion that changes nothing gives the same bytes, and says what it wrote.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
expect 0 convert m.onnx -o out.onnx
empty err
text out <<'END'
wrote out.onnx: 71 B
END
same m.onnx out.onnx

expect 0 convert --output=again.onnx -- m.onnx
same m.onnx again.onnx

expect 0 convert m.onnx -o out.onnx --quiet
empty out
empty err

expect 0 convert m.onnx -o out.onnx --json
empty err
sed -i 's/"version": "[0-9.]*"/"version": "V"/' out
text out <<'END'
{
  "schema": "pare.convert/1",
  "tool": {
    "version": "V"
  },
  "input": {
    "file": "m.onnx",
    "file_bytes": 71,
    "external_bytes": 0,
    "external_files": 0
  },
  "output": {
    "file": "out.onnx",
    "file_bytes": 71,
    "external_bytes": 0,
    "external_files": 0
  },
  "warnings": []
}
END

expect 0 convert m.onnx -o out.onnx --verbose
has out "wrote out.onnx: 71 B"
has err "pare: note: read m.onnx in "
has err "it holds the same model"

# No names of folders in reports.
mkdir deep
expect 0 convert "$PWD/m.onnx" -o deep/out.onnx --json
lacks out "$PWD"
lacks out deep

# A name that looks like an option, and one that could drive a terminal.
cp m.onnx -- -m.onnx
expect 0 convert -o out.onnx -- -m.onnx
name=$(printf 'a\033[31mb.onnx')
expect 0 convert m.onnx -o "$name"
text out <<'END'
wrote a\x1b[31mb.onnx: 71 B
END

# The permissions of a file that is replaced stay.
chmod 640 out.onnx
expect 0 convert m.onnx -o out.onnx
[ "$(stat -c %a out.onnx)" = 640 ] || die "permissions became $(stat -c %a out.onnx)"
[ -z "$(find . -name '*.pare-tmp')" ] || die "temporary files are left"
