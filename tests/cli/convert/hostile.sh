# Hostile files of every kind are refused by the program: the exit status, one line that names the
# file and what is wrong, nothing written. (tests/formats has more of each kind, and counts what
# memory they take.)
. "$SUPPORT/cli.sh"

python3 - <<'PY' || die "cannot make the files"
import os, struct

def varint(n):
    n &= 2**64 - 1
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])

def num(field, n): return varint(field << 3) + varint(n)
def msg(field, *parts):
    data = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data
def model(*graph, ir=8, opsets=(("", 17),), more=b""):
    imports = b"".join(msg(8, msg(1, d), num(2, v)) for d, v in opsets)
    return num(1, ir) + msg(7, msg(2, "g"), *graph) + imports + more
def node(op, ins=(), outs=("y",), *more):
    return msg(1, *(msg(1, i) for i in ins), *(msg(2, o) for o in outs), msg(3, "n"), msg(4, op),
               *more)
def value(field, name): return msg(field, msg(1, name), msg(2, msg(1, num(1, 1))))
def tensor(dims, dtype, *payload):
    return model(msg(5, *(num(1, d) for d in dims), num(2, dtype), msg(8, "w"), *payload))
def outside(**entries):
    where = (msg(13, msg(1, k), msg(2, v)) for k, v in entries.items())
    return tensor([2], 1, *where, num(14, 1))
def attr(name, type_, *fields): return msg(5, msg(1, name), num(20, type_), *fields)
def nest(fields, n):
    heads, n_inner = [], 0
    for i in range(n):
        heads.append(varint(fields[i % len(fields)] << 3 | 2) + varint(n_inner))
        n_inner += len(heads[-1])
    return b"".join(reversed(heads))
def function(name, *nodes):
    return msg(25, msg(1, name), msg(4, "x"), msg(5, "y"), *nodes, msg(10, "l"),
               msg(9, msg(1, ""), num(2, 17)), msg(9, msg(1, "l"), num(2, 1)))
def call(field, name, out="y"):
    return msg(field, msg(1, "x"), msg(2, out), msg(3, "n"), msg(4, name), msg(7, "l"))
def calls(*functions):
    return model(value(11, "x"), call(1, "f0"), opsets=(("", 17), ("l", 1)),
                 more=b"".join(functions))
def sparse(indices, dims):
    return model(msg(15, msg(1, num(1, len(indices)), num(2, 1), msg(8, "w"),
                             msg(9, bytes(4 * len(indices)))),
                     msg(2, num(1, len(indices)), num(2, 7),
                         msg(9, struct.pack("<%dq" % len(indices), *indices))),
                     *(num(3, d) for d in dims)))

f8 = msg(9, bytes(8))
relu = node("Relu", ["x"])
x = value(11, "x")
graphs = nest([6, 5, 1], 3 * 2907)
sequences = nest([1, 4], 2 * 4354)
optionals = nest([1, 9], 2 * 50000)
CASES = [
    (1, tensor([4], 1, f8), 3, "expected 16 bytes"),
    (2, tensor([1], 1, f8), 3, "expected 4 bytes"),
    (3, tensor([2], 1, msg(9, bytes(7))), 3, "found 7"),
    (4, tensor([2**62, 4], 1, f8), 3, "expected a product below 2^63"),
    (5, tensor([-1], 1, f8), 3, "dims[0]: expected 0 or more, found -1"),
    (6, tensor([1] * 1000000, 1, f8), 3, "dims: expected 64 entries at most"),
    (7, tensor([0], 1, f8), 3, "expected 0 bytes"),
    (8, tensor([2], 1, f8, msg(4, bytes(8))), 3, "found raw_data and float_data"),
    *((9, tensor([2], t, f8), 3, "data_type: expected ") for t in (0, 27, -1, 2**31)),
    (10, tensor([2], 8, f8), 3, "found raw_data"),
    (11, tensor([3], 22, msg(9, bytes(1))), 3, "expected 2 bytes (3 elements of int4), found 1"),
    (12, tensor([1], 2, msg(5, varint(256))), 3, "expected a value of type uint8, found 256"),
    (13, tensor([2], 1, f8, msg(3, num(1, 0), num(2, 2))), 3, "segment: expected a whole tensor"),
    *((14, outside(location=at), 3, "external") for at in (
        "../secret", "/etc/passwd", "", ".", "a/../../secret")),
    (15, outside(location="link"), 3, "external data 'link'"),
    (15, outside(location="there/secret"), 3, "external data 'there/secret'"),
    (16, outside(location="hard"), 3, "external data 'hard'"),
    *((17, outside(location=at), 3, "expected a regular file") for at in ("fifo", "folder")),
    *((18, outside(location="data", offset=at), 3, "offset") for at in (
        "-1", "65", "9223372036854775807", "18446744073709551615", "1e3", "1" * 400)),
    (19, outside(location="data", length="9"), 3, "length: expected 8 bytes, found 9"),
    (20, outside(location=b"a\0b"), 3, "expected text without NUL"),
    (20, outside(location="a\nb"), 3, "(a control character)"),
    (20, outside(location="a" * 4999), 3, "(longer than a path may be)"),
    (21, model(msg(15, msg(1, num(1, 2), num(2, 1), msg(8, "w"),
                           msg(13, msg(1, "location"), msg(2, "../secret")), num(14, 1)))),
     3, "(goes up)"),
    (21, outside(location="*/_ORT_MEM_ADDR_/*"), 3, "(an address in somebody's memory)"),
    (22, sparse([2, 1], [4]), 3, "expected ascending indices"),
    (22, sparse([1, 4], [4]), 3, "expected 0 to 3, found 4"),
    (22, sparse([1, 2], [2**40, 2**40]), 3, "expected a product below 2^63"),
    (25, model(graphs), 3, "nested 100 deep at most"),
    (25, model(msg(11, msg(1, "x"), msg(2, sequences))), 3, "nested 100 deep at most"),
    (25, model(msg(11, msg(1, "x"), msg(2, optionals))), 3, "nested 100 deep at most"),
    (26, model(b"\x0a\0" * 10000000), 5, "expected 1000000 nodes at most"),
    (26, model(msg(1, b"\x2a\0" * 10000000)), 3, "attribute: expected 4096 entries at most"),
    (26, model(b"\x2a\0" * 10000000), 5, "expected 5000000 messages at most"),
    (26, model(more=b"\xca\1\0" * 10000000), 5, "expected 10000 functions at most"),
    (26, model(b"\x9a\6\0" * 10000000), 5, "memory budget"),
    (27, num(1, 8) + b"\x3a\0" * 80000, 3, "graph: expected at most one, found a second"),
    (28, num(1, 8) + b"\x3a\x05", 3, "expected a length of 0 at most"),
    (28, num(1, 8) + b"\x3a" + varint(2**31 + 1), 3, "found 2147483649"),
    (28, b"\x08" + b"\xff" * 10 + b"\1", 3, "expected a varint of 64 bits at most"),
    (28, b"\0\0", 3, "expected a field number from 1"),
    (28, b"\x0b\x0c", 3, "found the start of a group"),
    (29, model(node("Re\0lu")), 3, "expected text without NUL"),
    (29, model(node(b"Re\xfflu")), 3, "expected UTF-8"),
    (31, model(x, relu, relu), 3, "found one that another node produces"),
    (31, model(x, node("Relu", ["x"], ["x"])), 3, "found an input of the graph"),
    (31, model(node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"])), 3, "found a cycle"),
    (31, model(value(12, "y")), 3, "expected a value that is produced"),
    (31, model(node("Relu", ["z"])), 3, "found 'z', which nothing defines"),
    (32, model(x, relu, opsets=()), 3, "opset_import: expected an entry at least"),
    *((32, model(x, relu, opsets=(("", v),)), 3, "version: expected 1 to 2147483647")
      for v in (0, 2**40, -1)),
    (32, model(x, relu, opsets=(("", 17), ("", 13))), 3, "found 17 and 13"),
    (33, model(x, node("Relu", ["x"], ["y"], attr("a", 1, num(3, 5)))), 3,
     "expected a value of type float, found i"),
    (33, model(x, node("Relu", ["x"], ["y"], *[attr("a", 2, num(3, 5))] * 2)), 3,
     "expected it once, found it twice"),
    (33, model(x, node("Relu", ["x"], ["y"], attr("a", 2, msg(21, "b")))), 3,
     "ref_attr_name: expected none outside of a function"),
    (34, calls(function("f0", call(7, "f0"))), 3, "expected no recursion"),
    (34, calls(function("f0", call(7, "f1")), function("f1", call(7, "f0"))), 3,
     "expected no recursion"),
    (34, calls(*(function(f"f{i}", call(7, f"f{i + 1}"), call(7, f"f{i + 1}", "z"))
                 for i in range(40)), function("f40", msg(7, msg(1, "x"), msg(2, "y"),
                                                          msg(4, "Relu")))), 5,
     "expected 5000000 nodes at most"),
    (34, calls(*[function("f0", msg(7, msg(1, "x"), msg(2, "y"), msg(4, "Relu")))] * 2), 3,
     "expected one definition, found two"),
]
os.mkdir("m")
open("secret", "wb").write(bytes(64))
os.mkdir("folder-above")
open("folder-above/secret", "wb").write(bytes(64))
open("m/data", "wb").write(bytes(64))
os.symlink("data", "m/link")
os.symlink("../folder-above", "m/there")
open("m/other", "wb").write(bytes(64))
os.link("m/other", "m/hard")
os.mkfifo("m/fifo")
os.mkdir("m/folder")
with open("list", "w") as rows:
    for i, (number, data, status, message) in enumerate(CASES):
        name = f"m/{number}-{i}.onnx"
        open(name, "wb").write(data)
        print(name, status, message, sep="\t", file=rows)
PY

mkdir there
echo old >there/out.onnx
n=0
while IFS=$(printf '\t') read -r file status message; do
    expect "$status" convert "$file" -o there/out.onnx
    empty out
    [ "$(wc -l <err)" -eq 1 ] || { cat err; die "$file: more than one line"; }
    has err "pare: error: $file: "
    has err "$message"
    n=$((n + 1))
    rm "$file"
done <list
[ "$(cat there/out.onnx)" = old ] || die "OUT was written to"
[ "$(ls -A there)" = out.onnx ] || die "left behind: $(ls -A there)"
[ "$n" -eq "$(wc -l <list)" ] || die "only $n files were tried"
echo "$n hostile files"
