# Every command of the pages for the first hour does what the page says.
. "$SUPPORT/cli.sh"
docs=$SUPPORT/../../docs
mkdir bin && ln -s "$PARE" bin/pare
export PATH=$PWD/bin:$PATH
failed=
unset GITHUB_ACTIONS GITLAB_CI
for page in "$docs"/first-hour-*.md; do
    name=$(basename "$page" .md)
    mkdir "$name"
    cp "$TESTDATA"/shapes/* "$name"
    mkdir "$name/zoo"
    cp "$TESTDATA"/models/{tiny_residual,tiny_depthwise,tiny_strings,tiny_qdq}.onnx "$name/zoo"
    cp -r "$docs/ci" "$name/ci"
    (cd "$name" && python3 "$SUPPORT/console.py" "$page") || failed="$failed $name"
done
[ -z "$failed" ] || die "pages:$failed"
[ "$(ls -d first-hour-* | wc -l)" = 4 ] || die "there are other pages"
