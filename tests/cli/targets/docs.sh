# The files that docs/targets.md shows are targets, also without the one that they are like.
. "$SUPPORT/cli.sh"

awk '/^```yaml$/ { n++; inside = 1; next } /^```$/ { inside = 0 }
     inside { print > ("doc" n ".yaml") }' "$SUPPORT/../../docs/targets.md"
[ -e doc2.yaml ] || die "docs/targets.md shows less than two files"
for file in doc*.yaml; do
    expect 0 targets "$file"
    empty err
done
sed '/^like:/d' doc2.yaml >alone.yaml
expect 0 targets alone.yaml --json
json out 'd["rules"]["quantize"]["operators"][0]["becomes"] == "QLinearConv"'
