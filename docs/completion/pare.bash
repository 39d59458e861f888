# bash completion of pare; made from the tables of options by pare-gen-docs.
_pare_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_pare_files() {
    compopt -o filenames
    if [ -n "${1:-}" ]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X "!*.$1" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
_pare() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb="" i
    local verbs="compare compress convert data eval help inspect ops prune quantize recipes reproduce run sweep targets version"
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ " $verbs " == *" ${COMP_WORDS[i]} "* ]]; then
            verb=${COMP_WORDS[i]}
            break
        fi
    done
    case "$verb $prev" in
    " --max-memory") COMPREPLY=(); return ;;
    " --report") _pare_files; return ;;
    " --ci") _pare_words "auto github gitlab none"; return ;;
    "compare --target") COMPREPLY=(); return ;;
    "compare --shape") COMPREPLY=(); return ;;
    "compare --dim") COMPREPLY=(); return ;;
    "compare --use") COMPREPLY=(); return ;;
    "compare --max-energy") COMPREPLY=(); return ;;
    "compare --max-latency") COMPREPLY=(); return ;;
    "compare --max-macs") COMPREPLY=(); return ;;
    "compare --max-params") COMPREPLY=(); return ;;
    "compare --max-size") COMPREPLY=(); return ;;
    "compare --max-flash") COMPREPLY=(); return ;;
    "compare --max-ram") COMPREPLY=(); return ;;
    "compare --baseline") _pare_files; return ;;
    "compare --max-regress") COMPREPLY=(); return ;;
    "compare --max-memory") COMPREPLY=(); return ;;
    "compare --report") _pare_files; return ;;
    "compare --ci") _pare_words "auto github gitlab none"; return ;;
    "compress --output" | "compress -o") _pare_files; return ;;
    "compress --data") COMPREPLY=(); return ;;
    "compress --eval-data") COMPREPLY=(); return ;;
    "compress --target") COMPREPLY=(); return ;;
    "compress --preset") COMPREPLY=(); return ;;
    "compress --recipe") _pare_files; return ;;
    "compress --set") COMPREPLY=(); return ;;
    "compress --samples") COMPREPLY=(); return ;;
    "compress --max-time") COMPREPLY=(); return ;;
    "compress --max-drop") COMPREPLY=(); return ;;
    "compress --min-agreement") COMPREPLY=(); return ;;
    "compress --max-energy") COMPREPLY=(); return ;;
    "compress --max-latency") COMPREPLY=(); return ;;
    "compress --max-macs") COMPREPLY=(); return ;;
    "compress --max-params") COMPREPLY=(); return ;;
    "compress --max-size") COMPREPLY=(); return ;;
    "compress --max-flash") COMPREPLY=(); return ;;
    "compress --max-ram") COMPREPLY=(); return ;;
    "compress --baseline") _pare_files; return ;;
    "compress --max-regress") COMPREPLY=(); return ;;
    "compress --shape") COMPREPLY=(); return ;;
    "compress --dim") COMPREPLY=(); return ;;
    "compress --seed") COMPREPLY=(); return ;;
    "compress --threads") COMPREPLY=(); return ;;
    "compress --use") COMPREPLY=(); return ;;
    "compress --max-memory") COMPREPLY=(); return ;;
    "compress --report") _pare_files; return ;;
    "compress --ci") _pare_words "auto github gitlab none"; return ;;
    "convert --output" | "convert -o") _pare_files; return ;;
    "convert --shape") COMPREPLY=(); return ;;
    "convert --dim") COMPREPLY=(); return ;;
    "convert --max-memory") COMPREPLY=(); return ;;
    "data --model") _pare_files; return ;;
    "data --output" | "data -o") _pare_files; return ;;
    "data --output-dir") _pare_files; return ;;
    "data --limit") COMPREPLY=(); return ;;
    "data --seed") COMPREPLY=(); return ;;
    "data --threads") COMPREPLY=(); return ;;
    "data --max-memory") COMPREPLY=(); return ;;
    "eval --data") COMPREPLY=(); return ;;
    "eval --reference") _pare_files; return ;;
    "eval --predictions") _pare_files; return ;;
    "eval --limit") COMPREPLY=(); return ;;
    "eval --metrics") COMPREPLY=(); return ;;
    "eval --max-drop") COMPREPLY=(); return ;;
    "eval --output") COMPREPLY=(); return ;;
    "eval --save-predictions") _pare_files; return ;;
    "eval --save-inputs") _pare_files; return ;;
    "eval --metric-time") COMPREPLY=(); return ;;
    "eval --target") COMPREPLY=(); return ;;
    "eval --split") _pare_words "eval calibrate all"; return ;;
    "eval --seed") COMPREPLY=(); return ;;
    "eval --threads") COMPREPLY=(); return ;;
    "eval --max-memory") COMPREPLY=(); return ;;
    "inspect --target") COMPREPLY=(); return ;;
    "inspect --shape") COMPREPLY=(); return ;;
    "inspect --dim") COMPREPLY=(); return ;;
    "inspect --use") COMPREPLY=(); return ;;
    "inspect --max-memory") COMPREPLY=(); return ;;
    "inspect --report") _pare_files; return ;;
    "inspect --ci") _pare_words "auto github gitlab none"; return ;;
    "prune --output" | "prune -o") _pare_files; return ;;
    "prune --data") COMPREPLY=(); return ;;
    "prune --eval-data") COMPREPLY=(); return ;;
    "prune --target") COMPREPLY=(); return ;;
    "prune --what") _pare_words "auto channels heads blocks rank"; return ;;
    "prune --pattern") COMPREPLY=(); return ;;
    "prune --sparsity") COMPREPLY=(); return ;;
    "prune --criterion") _pare_words "auto l1 l2 bn-scale fpgm activation second-order magnitude wanda sparsegpt"; return ;;
    "prune --repair") _pare_words "auto none stats least-squares"; return ;;
    "prune --round-to") COMPREPLY=(); return ;;
    "prune --include") COMPREPLY=(); return ;;
    "prune --exclude") COMPREPLY=(); return ;;
    "prune --floor") COMPREPLY=(); return ;;
    "prune --samples") COMPREPLY=(); return ;;
    "prune --max-time") COMPREPLY=(); return ;;
    "prune --max-drop") COMPREPLY=(); return ;;
    "prune --min-agreement") COMPREPLY=(); return ;;
    "prune --max-energy") COMPREPLY=(); return ;;
    "prune --max-latency") COMPREPLY=(); return ;;
    "prune --max-macs") COMPREPLY=(); return ;;
    "prune --max-params") COMPREPLY=(); return ;;
    "prune --max-size") COMPREPLY=(); return ;;
    "prune --max-flash") COMPREPLY=(); return ;;
    "prune --max-ram") COMPREPLY=(); return ;;
    "prune --baseline") _pare_files; return ;;
    "prune --max-regress") COMPREPLY=(); return ;;
    "prune --shape") COMPREPLY=(); return ;;
    "prune --dim") COMPREPLY=(); return ;;
    "prune --seed") COMPREPLY=(); return ;;
    "prune --threads") COMPREPLY=(); return ;;
    "prune --max-memory") COMPREPLY=(); return ;;
    "prune --report") _pare_files; return ;;
    "prune --ci") _pare_words "auto github gitlab none"; return ;;
    "quantize --output" | "quantize -o") _pare_files; return ;;
    "quantize --data") COMPREPLY=(); return ;;
    "quantize --eval-data") COMPREPLY=(); return ;;
    "quantize --target") COMPREPLY=(); return ;;
    "quantize --weights") _pare_words "auto int8 int4 int2 float16 bfloat16"; return ;;
    "quantize --activations") _pare_words "auto uint8 int8 uint16 int16 dynamic none"; return ;;
    "quantize --scheme") _pare_words "auto w8a8 w8a8-dynamic w8a16 w4a16 w16a16"; return ;;
    "quantize --algorithm") _pare_words "auto rtn scale-fit gptq awq hqq"; return ;;
    "quantize --block-size") COMPREPLY=(); return ;;
    "quantize --calibration") _pare_words "auto minmax percentile entropy mse"; return ;;
    "quantize --percentile") COMPREPLY=(); return ;;
    "quantize --format") _pare_words "auto qdq qoperator"; return ;;
    "quantize --correct") COMPREPLY=(); return ;;
    "quantize --exclude") COMPREPLY=(); return ;;
    "quantize --override") COMPREPLY=(); return ;;
    "quantize --samples") COMPREPLY=(); return ;;
    "quantize --stats") _pare_files; return ;;
    "quantize --max-time") COMPREPLY=(); return ;;
    "quantize --max-drop") COMPREPLY=(); return ;;
    "quantize --min-agreement") COMPREPLY=(); return ;;
    "quantize --max-energy") COMPREPLY=(); return ;;
    "quantize --max-latency") COMPREPLY=(); return ;;
    "quantize --max-macs") COMPREPLY=(); return ;;
    "quantize --max-params") COMPREPLY=(); return ;;
    "quantize --max-size") COMPREPLY=(); return ;;
    "quantize --max-flash") COMPREPLY=(); return ;;
    "quantize --max-ram") COMPREPLY=(); return ;;
    "quantize --baseline") _pare_files; return ;;
    "quantize --max-regress") COMPREPLY=(); return ;;
    "quantize --shape") COMPREPLY=(); return ;;
    "quantize --dim") COMPREPLY=(); return ;;
    "quantize --seed") COMPREPLY=(); return ;;
    "quantize --threads") COMPREPLY=(); return ;;
    "quantize --max-memory") COMPREPLY=(); return ;;
    "quantize --report") _pare_files; return ;;
    "quantize --ci") _pare_words "auto github gitlab none"; return ;;
    "reproduce --data-root") _pare_files; return ;;
    "reproduce --output" | "reproduce -o") _pare_files; return ;;
    "reproduce --threads") COMPREPLY=(); return ;;
    "reproduce --max-memory") COMPREPLY=(); return ;;
    "run --input") COMPREPLY=(); return ;;
    "run --output-dir") _pare_files; return ;;
    "run --vectors") COMPREPLY=(); return ;;
    "run --seed") COMPREPLY=(); return ;;
    "run --threads") COMPREPLY=(); return ;;
    "run --target") COMPREPLY=(); return ;;
    "run --shape") COMPREPLY=(); return ;;
    "run --dim") COMPREPLY=(); return ;;
    "run --max-memory") COMPREPLY=(); return ;;
    "sweep --data") COMPREPLY=(); return ;;
    "sweep --eval-data") COMPREPLY=(); return ;;
    "sweep --vary") COMPREPLY=(); return ;;
    "sweep --repeat") COMPREPLY=(); return ;;
    "sweep --target") COMPREPLY=(); return ;;
    "sweep --preset") COMPREPLY=(); return ;;
    "sweep --recipe") _pare_files; return ;;
    "sweep --set") COMPREPLY=(); return ;;
    "sweep --samples") COMPREPLY=(); return ;;
    "sweep --max-drop") COMPREPLY=(); return ;;
    "sweep --min-agreement") COMPREPLY=(); return ;;
    "sweep --max-energy") COMPREPLY=(); return ;;
    "sweep --max-latency") COMPREPLY=(); return ;;
    "sweep --max-macs") COMPREPLY=(); return ;;
    "sweep --max-params") COMPREPLY=(); return ;;
    "sweep --max-size") COMPREPLY=(); return ;;
    "sweep --max-flash") COMPREPLY=(); return ;;
    "sweep --max-ram") COMPREPLY=(); return ;;
    "sweep --shape") COMPREPLY=(); return ;;
    "sweep --dim") COMPREPLY=(); return ;;
    "sweep --seed") COMPREPLY=(); return ;;
    "sweep --threads") COMPREPLY=(); return ;;
    "sweep --max-memory") COMPREPLY=(); return ;;
    "sweep --report") _pare_files; return ;;
    "sweep --ci") _pare_words "auto github gitlab none"; return ;;
    "targets --fit-time") COMPREPLY=(); return ;;
    "targets --output" | "targets -o") _pare_files; return ;;
    esac
    case "$verb $cur" in
    " -"*) _pare_words " --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --exact --report --ci -h --help --version"; return ;;
    "compare -"*) _pare_words " --target --shape --dim --use --max-energy --max-latency --max-macs --max-params --max-size --max-flash --max-ram --baseline --max-regress --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --exact --report --ci -h --help"; return ;;
    "compress -"*) _pare_words " -o --output --data --eval-data --target --preset --recipe --set --samples --max-time --dry-run --max-drop --min-agreement --max-energy --max-latency --max-macs --max-params --max-size --max-flash --max-ram --baseline --max-regress --shape --dim --seed --threads --use --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --report --ci -h --help"; return ;;
    "convert -"*) _pare_words " -o --output --external-data --embed --optimize --shape --dim --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir -h --help"; return ;;
    "data -"*) _pare_words " --model -o --output --output-dir --limit --seed --threads --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --exact -h --help"; return ;;
    "eval -"*) _pare_words " --data --reference --predictions --limit --metrics --max-drop --by-layer --output --save-predictions --save-inputs --allow-commands --metric-time --target --split --seed --threads --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --exact -h --help"; return ;;
    "help -"*) _pare_words " -h --help"; return ;;
    "inspect -"*) _pare_words " --by-layer --target --shape --dim --use --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --report --ci -h --help"; return ;;
    "ops -"*) _pare_words " --markdown --json -q --quiet -v --verbose -h --help"; return ;;
    "prune -"*) _pare_words " -o --output --list-groups --data --eval-data --target --what --pattern --sparsity --criterion --repair --round-to --include --exclude --floor --sparse-storage --samples --max-time --dry-run --max-drop --min-agreement --max-energy --max-latency --max-macs --max-params --max-size --max-flash --max-ram --baseline --max-regress --shape --dim --seed --threads --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --report --ci -h --help"; return ;;
    "quantize -"*) _pare_words " -o --output --data --eval-data --target --weights --activations --scheme --algorithm --block-size --calibration --percentile --format --per-tensor --correct --exclude --override --samples --stats --max-time --dry-run --max-drop --min-agreement --max-energy --max-latency --max-macs --max-params --max-size --max-flash --max-ram --baseline --max-regress --shape --dim --seed --threads --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --report --ci -h --help"; return ;;
    "recipes -"*) _pare_words " --json -q --quiet -v --verbose -h --help"; return ;;
    "reproduce -"*) _pare_words " --data-root -o --output --threads --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir -h --help"; return ;;
    "run -"*) _pare_words " --input --output-dir --vectors --seed --threads --time-layers --reference --target --shape --dim --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --exact -h --help"; return ;;
    "sweep -"*) _pare_words " --data --eval-data --vary --repeat --target --preset --recipe --set --samples --max-drop --min-agreement --max-energy --max-latency --max-macs --max-params --max-size --max-flash --max-ram --shape --dim --seed --threads --json -q --quiet -v --verbose --max-memory --allow-linked-data --allow-newer-ir --report --ci -h --help"; return ;;
    "targets -"*) _pare_words " --yaml --bibtex --fit --fit-time -o --output --json -q --quiet -v --verbose -h --help"; return ;;
    "version -"*) _pare_words " --json -q --quiet -v --verbose -h --help"; return ;;
    esac
    case $verb in
    "") _pare_words "$verbs" ;;
    "compare") _pare_files onnx ;;
    "compress") _pare_files onnx ;;
    "convert") _pare_files onnx ;;
    "data") _pare_files onnx ;;
    "eval") _pare_files onnx ;;
    "help") _pare_words "$verbs" ;;
    "inspect") _pare_files onnx ;;
    "prune") _pare_files onnx ;;
    "quantize") _pare_files onnx ;;
    "recipes") _pare_files onnx ;;
    "reproduce") _pare_files onnx ;;
    "run") _pare_files onnx ;;
    "sweep") _pare_files onnx ;;
    "targets") _pare_files onnx ;;
    esac
}
complete -F _pare pare
