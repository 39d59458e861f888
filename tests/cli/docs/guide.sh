# What docs/cli.md, compress.md, prune.md, quantize.md and README.md show of runs is what they
# print. With GUIDE_UPDATE=1 the pages are brought up to date instead.
. "$SUPPORT/cli.sh"

root=$SUPPORT/../..
cp "$TESTDATA"/models/* "$TESTDATA"/shapes/* .
pare() { "$PARE" "$@"; }
remake() { # what is read, with the output of each run in place of what stood there
    local inside= line
    while IFS= read -r line; do
        case $line in
        '```console') inside=1 ;;
        '```') inside= ;;
        esac
        if [ -n "$inside" ] && [ "${line#\$ }" != "$line" ]; then
            printf '%s\n' "$line"
            eval "${line#\$ }" 2>&1 </dev/null
        elif [ -z "$inside" ] || [ "$line" = '```console' ]; then
            printf '%s\n' "$line"
        fi
    done
}
for page in docs/cli.md docs/compress.md docs/prune.md docs/quantize.md README.md; do
    remake <"$root/$page" >made
    if [ -n "${GUIDE_UPDATE:-}" ]; then
        cp made "$root/$page"
    else
        diff -u "$root/$page" made >&2 || die "$page: GUIDE_UPDATE=1 brings it up to date"
    fi
done
