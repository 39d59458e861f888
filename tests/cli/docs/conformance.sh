# docs/conformance.md says what tests/conformance/unsupported.txt says.
. "$SUPPORT/cli.sh"

list=$TESTDATA/../tests/conformance/unsupported.txt
page=$TESTDATA/../docs/conformance.md
n=$(wc -l <"$list")
grep -q "^| unsupported | $n |$" "$page" || die "docs/conformance.md: expected $n unsupported cases"
grep -q "^| pass | $((1914 - n)) |$" "$page" || die "docs/conformance.md: expected $((1914 - n)) passes"
for op in $(sed 's/.*(\([A-Za-z]*\)):.*/\1/' "$list" | sort -u); do
    grep -q "\b$op\b" "$page" || die "docs/conformance.md: $op is missing"
done
total=$(sed -n 's/^| [A-Za-z].* | \([0-9]*\) | .*$/\1/p' "$page" | awk "{ n += \$1 } END { print n }")
[ "$total" = "$n" ] || die "docs/conformance.md: its rows make $total cases, expected $n"
