#!/usr/bin/env python3
"""Plants one violation at a time in a small clean tree: lint must name just that place and rule."""
import os
import subprocess
import sys
import tempfile

import lint

def header(guard, body):
    return f"#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif\n"


CLEAN = {
    "kernels/add.h": header("KERNELS_ADD_H", "void pare_add(void);"),
    "compress/base/a.h": header("PARE_BASE_A_H", "int pare_a(int x);"),
    "compress/base/a.c": '#include "base/a.h"\n\n#include <string.h>\n\n'
                         "static const char *const names[] = { \"malloc(\", \"it's\" };\n\n"
                         "/* printf( in a comment */\nint pare_a(int x)\n{\n"
                         "    static const int table[] = { 1, 2 };\n"
                         "    return table[x] + names[0][0];\n}\n",
    "compress/ir/b.h": header("PARE_IR_B_H", '#include "base/a.h"'),
    "compress/op/op_list.h": '/* rows */\nPARE_OP("", "Add", add)\nPARE_OP("", "Conv", conv)\n',
    "compress/op/op.c": '#include "ir/b.h"\n#include "kernels/add.h"\n\n'
                        '#define PARE_OP(name) extern const pare_op pare_op_##name;\n'
                        '#include "op_list.h"\n',
    "compress/op/conv.c": '#include "ir/b.h"\n\nconst pare_op pare_op_conv = {\n};\n',
    "compress/pare.h": header("PARE_H", '#include "op/op_list.h"'),
    "compress/quant/q.h": header("PARE_QUANT_Q_H", "int x;"),
    "compress/prune/p.c": '#include "op/op_list.h"\n',
    "compress/recipe/r.c": '#include "quant/q.h"\n',
    "formats/onnx/o.c": '#include "ir/b.h"\n\n#include <onnx.pb-c.h>\n\n#include <xxhash.h>\n',
    "cli/cmd_list.h": "PARE_CMD(help, 1)\n",
    "cli/commands.c": '#include "cli/cmd_list.h"\n',
    "cli/main.c": '#include "compress/pare.h"\n#include "version.h"\n\n#include <stdio.h>\n\n'
                  "int main(void)\n{\n    printf(\"%s\", \"x\");\n    return 0;\n}\n",
    "tests/base/test_a.c": '#include "base/a.h"\n\n#include <stdlib.h>\n\n'
                           "static int n_calls;\n\nint main(void)\n{\n    free(malloc(1));\n"
                           "    return n_calls;\n}\n",
    "tests/support/tool": "#!/bin/sh\nexit 0\n",
    "README.md": "# pare\n",
}
A = "compress/base/a.c"
END = CLEAN[A].count("\n") + 1  # the line where an addition to A begins
LIST = "compress/op/op_list.h"
LONG = "{\n" + "    x();\n" * 80 + "}\n"


def function(body):
    return "int pare_f(int x)\n{\n    " + body + "\n    return x;\n}\n"


# (rule, path, text that takes the place of the file or, starting with '+', is added, line or None)
CASES = [
    ("layering", "compress/base/a.c", '#include "base/a.h"\n#include "ir/b.h"\n', 2),
    ("layering", "compress/ir/c.c", '#include "op/op_list.h"\n', 1),
    ("layering", "compress/prune/p.c", '#include "quant/q.h"\n', 1),
    ("layering", "compress/op/conv.c", '#include "compress/pare.h"\n', 1),
    ("layering", "compress/base/a.c", '#include "base/a.h"\n#include "kernels/add.h"\n', 2),
    ("layering", "kernels/add.c", '#include "kernels/add.h"\n#include "base/a.h"\n', 2),
    ("layering", "formats/onnx/o.c", '#include "quant/q.h"\n', 1),
    ("layering", "cli/main.c", '#include "ir/b.h"\n', 1),
    ("layering", "formats/report.c", "#include <onnx.pb-c.h>\n", 1),
    ("layering", "compress/op/conv.c", '#include "version.h"\n', 1),
    ("include", "compress/op/conv.c", '#include "ir/nothing.h"\n', 1),
    ("include", "compress/op/conv.c", '#include "conv.h"\n', 1),
    ("include-order", A, '#include "base/b2.h"\n#include "base/a.h"\n', 2),
    ("include-order", A, '#include <string.h>\n\n#include "base/a.h"\n', 3),
    ("third-party", "formats/yaml.c", "#include <xxhash.h>\n", None),
    ("banned-call", A, "+" + function("sprintf(x, y);"), None),
    ("banned-call", A, "+" + function("if (x) strcpy (x, y);"), None),
    ("banned-call", "tests/base/test_a.c", "+" + function("x = atoi(y);"), None),
    ("banned-call", "cli/main.c", "+" + function("x = malloc(y);"), None),
    ("banned-call", A, "+" + function("free(y);"), None),
    ("banned-call", A, "+" + function("printf(y);"), None),
    ("banned-call", A, "+" + function("fprintf(stderr, y);"), None),
    ("banned-call", "formats/onnx/o.c", "+" + function("abort();"), None),
    ("long-function", A, "+int pare_f(void)\n" + LONG, END),
    ("long-function", A, "+int pare_f(int a,\n           int b)\n" + LONG, END),
    ("long-file", A, "+" + "/* x */\n" * 800, 1),
    ("long-line", A, "+/* " + "x" * 100 + " */\n", END),
    ("long-line", "tests/support/tool", "+# " + "x" * 100 + "\n", 3),
    ("text", A, "+\t/* x */\n", END),
    ("text", A, "+/* x */ \n", END),
    ("text", A, "+/* x */", END),
    ("text", A, "+\n\n", None),
    ("text", "README.md", "# pare \n", 1),
    ("to-do", A, "+/* TO" "DO: finish */\n", END),
    ("to-do", "README.md", "+FIX" "ME\n", 2),
    ("guard", "compress/ir/b.h", header("PARE_B_H", "int x;"), 1),
    ("guard", "compress/ir/b.h", "#pragma once\n", 1),
    ("guard", "kernels/add.h", header("PARE_KERNELS_ADD_H", "int x;"), 1),
    ("brace", A, "+static int f(int x) {\n    return x;\n}\n", END),
    ("name", A, "+int open_all(int x)\n{\n    return x;\n}\n", END),
    ("name", A, "+static int pare_f(int x)\n{\n    return x;\n}\n", END),
    ("global-state", A, "+static int counter;\n", END),
    ("global-state", A, "+static const char *names2[] = { 0 };\n", END),
    ("global-state", A, "+static int (*callback)(int);\n", END),
    ("global-state", A, "+" + function("static int calls = 0;"), END + 2),
    ("list-order", LIST, 'PARE_OP("", "Conv", conv)\nPARE_OP("", "Add", add)\n', 2),
    ("list-order", LIST, 'PARE_OP("x", "Add", add)\nPARE_OP("", "Conv", conv)\n', 2),
    ("list-order", LIST, 'PARE_OP("", "Conv", conv)\nPARE_OP("", "Conv", again)\n', 2),
    ("list-order", "cli/cmd_list.h", "PARE_CMD(run, 1)\nPARE_CMD(help, 2)\n", 2),
    ("orphan", "compress/op/relu.c", '#include "ir/b.h"\n\nconst pare_op pare_op_relu = {\n};\n',
     3),
    ("orphan", "compress/ir/new.h", header("PARE_IR_NEW_H", "int x;"), 1),
    ("orphan", "tests/base/helper.c", "#include <stdio.h>\n", 1),
    ("orphan", "cli/verbs/run.c", "#include <stdio.h>\n", 1),
    ("orphan", "tests/fuzz/corpus/gone/1", "x", 1),
    ("marker", A, "+/* pare-lint: long-function 1 - it was long once */\n", END),
    ("marker", A, "+/* pare-lint: layering 1 - no way */\n", END),
    ("marker", A, "+/* pare-lint: long-line 1 */\n/* " + "x" * 100 + " */\n", END),
    ("marker", A, "+/* pare-lint: long-line 2 - one too many */\n/* " + "x" * 100 + " */\n", END),
]
# Allowed: additions that lint must stay silent on.
SILENT = [
    (A, "+/* pare-lint: long-line 1 - a URL */\n/* " + "x" * 100 + " */\n"),
    (A, "+/* pare-lint: long-file 1 - generated by hand */\n" + "/* x */\n" * 800),
    (A, "+/* pare-lint: long-function 1 - one case per type */\nint pare_f(void)\n" + LONG),
    (A, "+/* PARE_TO" "DO is a facet */\n"),
    (A, "+static inline int f(int x)\n{\n    return x;\n}\n\nstatic int g(int x);\n"),
    (A, "+static int __attribute__((format(printf, 1, 2)))\nf(char *s,\n  int x)\n{\n}\n"),
    (A, "+static_assert(sizeof(int) == 4, \"free(\");\n"),
    (A, "+" + function("x = a->free(x) + b.malloc(x) + pare_free(x);")),
    (LIST, 'PARE_OP("", "Z", conv)\nPARE_OP("a.b", "A", a)\n#if X\nPARE_OP("", "B", b)\n#endif\n'),
    ("cli/cmd_list.h", "PARE_CMD(dot, ref)\nPARE_CMD(dot, avx2)\n"),
]
EXTRA = {"compress/base/b2.h": header("PARE_BASE_B2_H", "int x;")}


def run_on(path, text):
    """Findings on the clean tree with one change."""
    tree = dict(CLEAN)
    if "b2.h" in text:
        tree.update(EXTRA)
    tree[path] = tree.get(path, "") + text[1:] if text.startswith("+") else text
    with tempfile.TemporaryDirectory() as root:
        for name, content in tree.items():
            full = os.path.join(root, name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(content)
        return lint.Lint(root).run()


def main():
    failures = []
    silent = run_on("README.md", "# pare\n")
    if silent:
        failures.append(f"clean tree: {silent}")
    for path, text in SILENT:
        found = run_on(path, text)
        if found:
            failures.append(f"allowed in {path}: {text[:60]!r}: {found}")
    for rule, path, text, line in CASES:
        found = run_on(path, text)
        hits = [f for f in found if f[2] == rule and (line is None or f[1] == line)]
        if not hits or len({f[2] for f in found} - {rule}) > (rule == "marker"):
            failures.append(f"{rule} in {path}: {text[:60]!r}: found {found}")
    untested = lint.RULES - {case[0] for case in CASES}
    if untested:
        failures.append(f"rules without a case: {sorted(untested)}")
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "README.md"), "w", encoding="utf-8") as f:
            f.write("tab\there\n")
        done = subprocess.run([sys.executable, lint.__file__, root], capture_output=True, text=True)
        if done.returncode != 1 or "README.md:1: text: tab" not in done.stdout:
            failures.append(f"as a program: {done}")
    for failure in failures:
        print("FAILED:", failure)
    print(f"{len(CASES) + len(SILENT)} cases, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
