# The manual page and the completions are those that the tables of options give.
. "$SUPPORT/cli.sh"

docs=$SUPPORT/../../docs
generate=$(dirname "$PARE")/pare-gen-docs
[ -x "$generate" ] || skip "no pare-gen-docs beside pare"
for pair in man:man/pare.1 bash:completion/pare.bash zsh:completion/_pare \
    fish:completion/pare.fish; do
    "$generate" "${pair%%:*}" made || die "pare-gen-docs ${pair%%:*}: exit status $?"
    cmp made "$docs/${pair#*:}" || die "docs/${pair#*:} is stale: cmake --build build --target docs"
done
