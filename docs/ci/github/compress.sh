#!/usr/bin/env bash
# What the action runs: inputs come as INPUT_*, so that nothing of them is ever taken as shell.
set -eu

arguments=(compress "$INPUT_MODEL" -o "$INPUT_OUTPUT" --report "${INPUT_REPORT:-pare-report}")
give() { # give OPTION VALUE: unless there is no value
    [ -z "$2" ] || arguments+=("$1" "$2")
}
give --data "${INPUT_DATA:-}"
give --target "${INPUT_TARGET:-}"
give --preset "${INPUT_PRESET:-}"
give --recipe "${INPUT_RECIPE:-}"
read -ra limits <<<"${INPUT_LIMITS:-}"
arguments+=("${limits[@]}")
if [ -z "${INPUT_BASELINE:-}" ]; then
    :
elif [ -e "$INPUT_BASELINE" ]; then
    give --baseline "$INPUT_BASELINE"
    give --max-regress "${INPUT_MAX_REGRESS:-}"
else
    echo "::notice title=pare::no baseline at $INPUT_BASELINE yet: nothing to hold this against"
fi
exec "${INPUT_PARE:-pare}" "${arguments[@]}" --ci github
