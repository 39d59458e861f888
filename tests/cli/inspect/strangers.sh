# Files that are no models but well known: exit status 3, and a hint that names what they are.
. "$SUPPORT/cli.sh"

# is HINT: the file m is refused with this hint.
is() {
    expect 3 inspect m
    has err "pare: error: m: "
    has err "pare: hint: this is $1"
    expect 3 inspect m --json
    json out "d['error']['hint'].startswith('this is $1')"
}

printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n' >m && is "a Git LFS pointer"
printf '<!DOCTYPE html><html></html>\n' >m && is "a web page"
printf 'PK\003\004\024\000\000\000\010\000' >m && is "a zip archive"
printf '\200\002}q\000(X' >m && is "a Python pickle"
printf '\211HDF\r\n\032\n' >m && is "an HDF5 file"
printf '\034\000\000\000TFL3\024\000' >m && is "a TensorFlow Lite model"
printf '\037\213\010\000\000\000\000\000' >m && is "compressed by gzip"
printf 'Nothing at all.\n' >m
expect 3 inspect m
lacks err "hint"
