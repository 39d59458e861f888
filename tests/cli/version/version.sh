# The version, for people and for programs.
. "$SUPPORT/cli.sh"

expect 0 version
empty err
grep -qE '^pare [0-9]+\.[0-9]+\.[0-9]+$' out || die "no version in the first line"
has out "ONNX        IR version 14, opset 27"
has out "protobuf-c"
mv out version
expect 0 --version
same out version

expect 0 version --json
empty err
json out "d['schema'] == 'pare.version/1' and d['onnx_ir_version'] == 14"
json out "'pare ' + d['version'] == open('version').readline().strip()"
json out "isinstance(d['cpu']['features'], list) and d['compiler'] and d['protobuf_c']"
mv out json
expect 0 --json version
same out json
