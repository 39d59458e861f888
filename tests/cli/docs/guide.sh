# What docs/cli.md shows of runs is what they print. With GUIDE_UPDATE=1 the page is brought up to
# date instead.
. "$SUPPORT/cli.sh"

page=$SUPPORT/../../docs/cli.md
cp "$TESTDATA"/models/* .
pare() { "$PARE" "$@"; }
inside=
while IFS= read -r line; do
    case $line in
    '```console') inside=1 ;;
    '```') inside= ;;
    esac
    case $inside$line in
    '1$ '*)
        printf '%s\n' "$line"
        eval "${line#\$ }" 2>&1 </dev/null
        ;;
    '1```console' | [!1]* | '') printf '%s\n' "$line" ;;
    esac
done <"$page" >made
if [ -n "${GUIDE_UPDATE:-}" ]; then
    cp made "$page"
else
    diff -u "$page" made >&2 || die "docs/cli.md: GUIDE_UPDATE=1 brings it up to date"
fi
