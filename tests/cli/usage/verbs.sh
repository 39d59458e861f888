# What is said when the verb is missing, unknown or misspelt, and where it is said.
. "$SUPPORT/cli.sh"

expect 2
empty out
has err "Usage: pare VERB"

expect 2 bogus
empty out
text err <<'END'
pare: error: unknown verb 'bogus'
pare: hint: 'pare help' lists the verbs
END

expect 2 verison
text err <<'END'
pare: error: unknown verb 'verison'
pare: hint: did you mean 'version'?
END

expect 2 Version
text err <<'END'
pare: error: unknown verb 'Version'
pare: hint: did you mean 'version'?
END

touch model.onnx
expect 2 model.onnx
text err <<'END'
pare: error: unknown verb 'model.onnx'
pare: hint: to look at a model: pare inspect model.onnx
END

# What was typed cannot drive the terminal.
expect 2 "$(printf 'a\033[31mb')"
text err <<'END'
pare: error: unknown verb 'a\x1b[31mb'
pare: hint: 'pare help' lists the verbs
END
