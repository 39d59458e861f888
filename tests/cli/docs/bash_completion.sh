# The completion, asked as bash would ask it.
. "$SUPPORT/cli.sh"

compopt() { :; }
. "$SUPPORT/../../docs/completion/pare.bash"

# offers EXPECTED WORD...: what stands for the last of the words.
offers() {
    local want=$1
    shift
    COMP_WORDS=(pare "$@") COMP_CWORD=$# COMPREPLY=()
    _pare
    [ "${COMPREPLY[*]}" = "$want" ] || die "pare $*: offers '${COMPREPLY[*]}', expected '$want'"
}

offers "version" ve
offers "version" --json ve
offers "--max-memory" --max
offers "" --max-memory 1
offers "--json" version --j
offers "" version --max
offers "version" help ve
