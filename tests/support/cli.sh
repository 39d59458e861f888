# Sourced by tests/cli/**.sh: `. "$SUPPORT/cli.sh"`. Each check prints what went wrong and ends the
# case.
set -u

die() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }
need_shared() {
    [ -n "${PARE_SHARED:-}" ] && [ -e "$PARE_SHARED/$1" ] || skip "no shared data: $1"
}

# expect STATUS ARGS...: runs pare; its output is left in the files out and err.
expect() {
    local want=$1 got=0
    shift
    "$PARE" "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$want" ] || { cat out err >&2; die "pare $*: exit status $got, expected $want"; }
}

# has FILE TEXT, lacks FILE TEXT: fixed strings.
has() { grep -qF -- "$2" "$1" || { cat "$1" >&2; die "$1 lacks: $2"; }; }
lacks() { ! grep -qF -- "$2" "$1" || { cat "$1" >&2; die "$1 has: $2"; }; }
same() { cmp -- "$1" "$2" || die "$1 and $2 differ"; }
empty() { [ ! -s "$1" ] || { cat "$1" >&2; die "$1 is not empty"; }; }
# text FILE <<'END': the file holds exactly this text.
text() { cat >expected; diff -u expected "$1" >&2 || die "$1 is not what was expected"; }
# json FILE EXPRESSION: the file holds one JSON value d for which the Python expression is true.
json() {
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$1" "$2" || { cat "$1" >&2; die "$1: not so: $2"; }
}
