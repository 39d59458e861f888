# Standard output that cannot take the result is a failure; closed streams do no harm.
. "$SUPPORT/cli.sh"

got=0
"$PARE" version >/dev/full 2>err || got=$?
[ "$got" -eq 5 ] || die "exit status $got on a full device"
text err <<'END'
pare: error: cannot write to standard output: No space left on device
END

got=0
"$PARE" --json bogus >/dev/full 2>err || got=$?
[ "$got" -eq 2 ] || die "exit status $got: the first failure counts"

got=0
"$PARE" version >&- 2>err || got=$?
[ "$got" -eq 5 ] || die "exit status $got when standard output is closed"
has err "cannot write to standard output: Bad file descriptor"

# Nobody reads: noticed, but not worth a message.
{ got=0; "$PARE" help 2>err || got=$?; echo "$got" >status; } | :
sleep 0.1
case $(cat status) in
0 | 5) empty err ;; # 0: it all went into the pipe before the reader was gone
*) die "exit status $(cat status) when the reader is gone" ;;
esac

"$PARE" version 2>&- >out </dev/null || die "exit status $? when standard error is closed"
has out "pare "
"$PARE" version <&- >out 2>err || die "exit status $? when standard input is closed"
empty err
