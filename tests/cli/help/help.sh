# Help: the same text by each way to ask for it, on standard output, at most 80 columns wide.
. "$SUPPORT/cli.sh"

expect 0 help
mv out overview
expect 0 --help
same out overview
expect 0 -h
same out overview
expect 0 help --help
has out "Usage: pare help [VERB] [options]"

verbs=$(sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' overview)
[ -n "$verbs" ] || die "the overview lists no verbs"
[ "$verbs" = "$(echo "$verbs" | LC_ALL=C sort)" ] || die "the verbs are not sorted"
for verb in $verbs; do
    expect 0 help "$verb"
    empty err
    has out "Usage: pare $verb"
    grep -q '^Examples\{0,1\}:' out || die "help of $verb has no example"
    mv out shown
    expect 0 "$verb" --help
    same out shown
    expect 0 "$verb" -h
    same out shown
    cat shown >>overview
done
awk 'length($0) > 80 { print; bad = 1 } /[ \t]$/ { print; bad = 1 } END { exit bad }' overview ||
    die "wider than 80 columns, or blanks at the end of a line"

expect 2 help bogus
empty out
has err "unknown verb 'bogus'"

# A question for help is answered even if the rest is incomplete, but not if it is wrong.
expect 2 version --help --bogus
empty out
