# Outputs that cannot be written: exit status 5, the old file stays, nothing is left behind.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
external_model e.onnx 4 w.data
mkdir there
echo old >there/out.onnx
cp there/out.onnx old

untouched() {
    empty out
    same there/out.onnx old
    [ "$(ls -A there)" = out.onnx ] || die "left behind: $(ls -A there)"
}

expect 5 convert m.onnx -o nowhere/out.onnx
has err "nowhere/out.onnx: cannot open the folder 'nowhere': No such file or directory"

# A limit on the size of files, as a full disk would have it.
got=0
(ulimit -f 100; exec "$PARE" convert e.onnx -o there/out.onnx >out 2>err) || got=$?
[ $got -eq 5 ] || { cat err; die "exit status $got under a limit of file sizes"; }
has err "pare: error: there/"
untouched

# The result does not get out, but the model is there.
got=0
"$PARE" convert m.onnx -o there/out.onnx >/dev/full 2>err || got=$?
[ $got -eq 5 ] || die "exit status $got when standard output is full"
text err <<'END'
pare: error: cannot write to standard output: No space left on device
END
same there/out.onnx m.onnx
cp old there/out.onnx

# Standard output is closed: its number must not become the model's.
"$PARE" convert m.onnx -o closed.onnx >&- 2>err
same closed.onnx m.onnx

# A folder that may not be written to; root may write anyway, and becomes somebody else.
chmod 555 there
chmod a+rx . && chmod a+r m.onnx
become=
if [ "$(id -u)" -eq 0 ]; then
    become="setpriv --reuid=65534 --clear-groups"
    $become test -r "$PWD/m.onnx" -a -x "$PARE" || skip "nobody else can reach this folder"
fi
got=0
$become "$PARE" convert m.onnx -o there/out.onnx >out 2>err || got=$?
[ $got -eq 5 ] || { cat err; die "exit status $got in a read-only folder"; }
has err "Permission denied"
chmod 755 there
untouched
