# The small models of every kind: copies are the same bytes, and what went out of the file comes
# back.
. "$SUPPORT/cli.sh"

for model in "$TESTDATA"/models/*.onnx; do
    name=$(basename "$model")
    mkdir copy ext in back
    expect 0 convert "$model" -o "copy/$name"
    case $name in
    tiny_noncanonical.onnx)
        expect 0 convert "copy/$name" -o again.onnx # written canonically, it stays as it is
        same "copy/$name" again.onnx
        ;;
    *) same "$model" "copy/$name" ;;
    esac
    # convert reads back what it wrote and compares: success says that the model is the same.
    expect 0 convert "$model" -o "ext/$name" --external-data=1
    expect 0 convert "ext/$name" -o "in/$name" --embed
    [ "$(ls in)" = "$name" ] || die "--embed left data outside: $(ls in)"
    expect 0 convert "in/$name" -o "back/$name" --external-data=1
    for file in ext/*.data; do
        [ -e "$file" ] || continue
        cmp -s "$file" "back/${file#ext/}" || die "$name: data files differ after a round trip"
    done
    rm -r copy ext in back
done
