# With --json a failure is one object on standard output, wherever the option stands, and still
# words on standard error.
. "$SUPPORT/cli.sh"

for words in "--json bogus" "--json --bogus" "version --bogus --json" "--bogus version --json" \
    "--json"; do
    expect 2 $words
    json out "list(d) == ['error'] and d['error']['exit_status'] == 2"
    json out "d['error']['kind'] == 'wrong usage' and d['error']['message']"
    has err "pare: error: "
done

expect 2 --json verison
text out <<'END'
{
  "error": {
    "kind": "wrong usage",
    "exit_status": 2,
    "message": "unknown verb 'verison'",
    "hint": "did you mean 'version'?"
  }
}
END

# Behind `--` it is no option.
expect 2 version -- --json
empty out
has err "found '--json' besides"

# Bytes that are no text do not break the object.
expect 2 --json "$(printf 'a\377\001"b')"
cat >message <<'END'
unknown verb 'a\xff\x01"b'
END
json out "d['error']['message'] == open('message').read().strip()"
