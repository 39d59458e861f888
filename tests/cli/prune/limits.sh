# Limits of every figure, alone and together; widths in multiples; any number of threads.
. "$SUPPORT/../cli/prune/common"

# one limit each: at most 1 % below it, where single channels may go
for limit in macs:macs:70 energy:energy_mj:80 size:file_bytes:60; do
    IFS=: read -r name key most <<<"$limit"
    expect 0 prune shapes.onnx -o "$name.onnx" --data shapes.yaml --samples 32 --round-to 1 \
        "--max-$name" "$most%"
    has out "holds  max-$name: $name.onnx has"
    between "$(left "$key" "$name.onnx" shapes.onnx)" $((most - 1)) "$most.0001"
done
expect 0 prune shapes.onnx -o ram.onnx --data shapes.yaml --samples 32 --round-to 1 --max-ram 20KB
has out "holds  max-ram: ram.onnx has"

# several hold together; an amount is as good as a share
expect 0 prune shapes.onnx -o all.onnx --data shapes.yaml --samples 32 --round-to 1 \
    --max-latency 95% --max-params 40k --max-flash 200KB
for name in latency params flash; do has out "holds  max-$name: all.onnx has"; done
between "$(left params all.onnx shapes.onnx)" 1 65.8

# widths are multiples of what the target counts in, or of what is asked for
expect 0 prune shapes.onnx -o eight.onnx --data shapes.yaml --samples 32 --max-macs 50%
has out "holds  max-macs"
"$PARE" inspect eight.onnx --by-layer >layers
python3 - layers <<'END' || die "widths are no multiples of 8"
import re, sys
widths = [int(m) for m in re.findall(r"float\[\S*?,(\d+),\d+,\d+\]", open(sys.argv[1]).read())]
sys.exit(not widths or any(w % 8 for w in widths))
END
for threads in 1 2; do
    expect 0 prune shapes.onnx -o "t$threads.onnx" --data shapes.yaml --samples 32 --max-macs 50% \
        --threads $threads
done
same t1.onnx t2.onnx
same t1.onnx eight.onnx
expect 0 inspect eight.onnx --json
has out "pare.history"
