# Wrong options: exit status 2, one line that names option and verb, nothing on standard output.
. "$SUPPORT/cli.sh"

expect 2 --jsno version
empty out
text err <<'END'
pare: error: unknown option '--jsno' of 'pare'
pare: hint: did you mean '--json'?
END

expect 2 version --optimize
text err <<'END'
pare: error: unknown option '--optimize' of 'pare version'
pare: hint: 'pare version --help' lists the options
END

expect 2 version --max-memory 1GiB
text err <<'END'
pare: error: option '--max-memory' has no effect on 'pare version'
END

expect 2 --max-memory=12 version --max-memory=13
text err <<'END'
pare: error: option '--max-memory' is given twice
END

expect 2 --max-memory version
text err <<'END'
pare: error: option '--max-memory': expected a size such as 4096, 64KiB or 1.5GB, found 'version'
END

expect 2 version extra
text err <<'END'
pare: error: 'pare version' takes no arguments, found 'extra' besides
pare: hint: 'pare version --help' shows how it is used
END

expect 2 version -q --verbose
text err <<'END'
pare: error: options '--quiet' and '--verbose' contradict each other
END
