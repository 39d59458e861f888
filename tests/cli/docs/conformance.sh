# docs/conformance.md says what tests/conformance/unsupported.txt says.
. "$SUPPORT/cli.sh"

list=$TESTDATA/../tests/conformance/unsupported.txt
page=$TESTDATA/../docs/conformance.md
n=$(wc -l <"$list")
passes=$((1914 - n))
grep -q "^| unsupported | $n |$" "$page" || die "docs/conformance.md: expected $n unsupported"
grep -q "^| pass | $passes |$" "$page" || die "docs/conformance.md: expected $passes passes"
for op in $(sed 's/.*(\([A-Za-z]*\)):.*/\1/' "$list" | sort -u); do
    grep -q "\b$op\b" "$page" || die "docs/conformance.md: $op is missing"
done
rows=$(sed -n 's/^| [A-Za-z].* | \([0-9]*\) | .*$/\1/p' "$page")
total=$((${rows//$'\n'/+}))
[ "$total" = "$n" ] || die "docs/conformance.md: its rows make $total cases, expected $n"
