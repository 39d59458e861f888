#!/usr/bin/env python3
"""Holds the rules of the house that a compiler does not: `lint.py [ROOT]`.

Prints `path:line: rule: what is wrong` per finding and exits 1 when there is one. A finding of a
rule in EXEMPTABLE is excused by a comment in front of it:

    /* pare-lint: RULE N - reason */

which covers the next N findings of that rule in the file (for `long-file` it may stand anywhere).
A marker that covers fewer than it says is itself a finding, so that markers go with their cause.
"""
import os
import re
import sys

MAX_COLUMNS = 100
MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 80

# What each layer may include besides itself. In `compress` each folder sees those before it.
ORDER = ["ir", "op", "sched", "pass", "run", "stats", "energy", "search"]
SIBLINGS = ["quant", "prune", "distill"]
LAYERS = {"kernels": set(), "base": set()}
for position, folder in enumerate(ORDER):
    LAYERS[folder] = {"kernels", "base", *ORDER[:position]}
for folder in SIBLINGS:
    LAYERS[folder] = {"kernels", "base", *ORDER}
LAYERS["recipe"] = {"kernels", "base", *ORDER, *SIBLINGS}
LAYERS["pare.h"] = {*LAYERS["recipe"], "recipe"}
LAYERS["formats"] = {"base", "ir"}
LAYERS["cli"] = {"base", "pare.h", "formats"}

# Headers of the C library and of the compiler; every other <header> is third-party.
SYSTEM_HEADERS = re.compile(
    r"(assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|"
    r"stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|"
    r"threads|time|uchar|wchar|wctype|cpuid|dirent|dlfcn|endian|fcntl|fnmatch|ftw|getopt|glob|"
    r"immintrin|arm_neon|libgen|poll|pthread|sched|semaphore|spawn|strings|termios|unistd|malloc|"
    r"sys/\w+|linux/\w+)\.h")
GENERATED_HEADERS = {"onnx.pb-c.h": "formats/onnx", "version.h": "cli"}

BANNED = {name: "unsafe or without errors" for name in (
    "sprintf vsprintf strcpy stpcpy strcat strncpy strncat gets atoi atol atoll atof strtok rand "
    "srand random srandom tmpnam tempnam mktemp alloca system").split()}
ALLOCATION = set("malloc calloc realloc reallocarray aligned_alloc posix_memalign memalign valloc "
                 "free strdup strndup asprintf vasprintf getline getdelim".split())
PRINTING = set("printf vprintf puts putchar perror stdout stderr".split())
ENDING = set("exit _exit _Exit quick_exit abort".split())

EXEMPTABLE = {"long-function", "long-file", "long-line", "banned-call", "global-state"}
RULES = EXEMPTABLE | {
    "text", "layering", "include", "include-order", "third-party", "guard", "brace", "name",
    "list-order", "orphan", "to-do", "marker"}

SOURCE_ROOTS = ("kernels", "compress", "formats", "cli", "tests", "testdata", "docs")
TEXT_SUFFIXES = (".c", ".h", ".py", ".sh", ".md", ".cmake", ".yml", ".yaml", "CMakeLists.txt")
COMMENT_OR_LITERAL = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]")
# PARE_KIND("key", ..., symbol, ...) or PARE_KIND(symbol, ...), the symbol then being the key.
ROW = re.compile(r'\s*[A-Z][A-Z0-9_]*\(((?:\s*"[^"]*",)*)\s*(\w+)')
MARKER = re.compile(r"pare-lint:\s*([\w-]*)\s*(\d*)(.*)")


def blank(match):
    """Spaces of the same shape, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match.group())


def blank_comments(match):
    return match.group() if match.group()[0] in "\"'" else blank(match)


class File:
    """One text file: its lines, and its code without comments and literals."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), "rb") as f:
            self.raw = f.read()
        self.text = self.raw.decode("utf-8", "replace")
        self.lines = self.text.split("\n")
        self.is_c = path.endswith((".c", ".h"))
        self.is_list = path.endswith("_list.h")
        self.top = path.split("/")[0]
        self.is_test = self.top in ("tests", "testdata")
        self.layer = path.split("/")[1] if self.top == "compress" and "/" in path else self.top
        self.code = []
        self.includes = []  # (line number, bracket, header)
        if self.is_c:
            self.code = COMMENT_OR_LITERAL.sub(blank, self.text).split("\n")
            without_comments = COMMENT_OR_LITERAL.sub(blank_comments, self.text)
            for n, line in enumerate(without_comments.split("\n"), 1):
                found = INCLUDE.match(line)
                if found:
                    self.includes.append((n, *found.groups()))


class Lint:
    def __init__(self, root):
        self.root = root
        self.findings = []  # (path, line, rule, text)
        self.files = {path: File(root, path) for path in sorted(self.walk())}

    def walk(self):
        for name in os.listdir(self.root):
            if os.path.isfile(os.path.join(self.root, name)) and name.endswith(TEXT_SUFFIXES):
                yield name
        for top in SOURCE_ROOTS:
            for folder, folders, names in os.walk(os.path.join(self.root, top)):
                folders[:] = [f for f in folders if f not in ("corpus", "__pycache__")]
                for name in names:
                    path = os.path.join(folder, name)
                    if name.endswith(TEXT_SUFFIXES) or self.is_script(path):
                        yield os.path.relpath(path, self.root)

    @staticmethod
    def is_script(path):
        if "." in os.path.basename(path):
            return False
        with open(path, "rb") as f:
            return f.read(2) == b"#!"

    def find(self, file, line, rule, text):
        assert rule in RULES, rule
        self.findings.append((file.path, line, rule, text))

    def run(self):
        for file in self.files.values():
            self.check_text(file)
            if file.is_c:
                self.check_includes(file)
                self.check_calls(file)
                self.check_functions(file)
                self.check_state(file)
                self.check_guard(file)
                if file.is_list:
                    self.check_list_order(file)
        self.check_third_party()
        self.check_orphans()
        self.check_rows()
        self.apply_markers()
        return sorted(self.findings)

    # --- text

    def check_text(self, file):
        n_lines = len(file.lines) - 1
        if file.is_c and n_lines > MAX_FILE_LINES:
            self.find(file, 1, "long-file", f"{n_lines} lines, at most {MAX_FILE_LINES}")
        if file.raw and not file.raw.endswith(b"\n"):
            self.find(file, len(file.lines), "text", "no newline at the end")
        if file.raw.endswith(b"\n\n"):
            self.find(file, len(file.lines) - 1, "text", "empty lines at the end")
        for n, line in enumerate(file.lines, 1):
            if "\ufffd" in line:
                self.find(file, n, "text", "not UTF-8")
            if "\t" in line:
                self.find(file, n, "text", "tab")
            if line != line.rstrip():
                self.find(file, n, "text", "blanks at the end of the line")
            if len(line) > MAX_COLUMNS and not file.path.endswith(".md"):
                self.find(file, n, "long-line", f"{len(line)} columns, at most {MAX_COLUMNS}")
            if re.search(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", line):
                self.find(file, n, "to-do", "finish it, or say it with the facet PARE_TO" "DO")

    # --- includes

    def resolve(self, file, header):
        """Path of a quoted header in the repository, or None."""
        folders = ["compress", ""] + (["tests"] if file.is_test else [])
        if file.is_list or header.endswith("_list.h"):
            folders.append(os.path.dirname(file.path))
        for folder in folders:
            path = os.path.normpath(os.path.join(folder, header))
            if path in self.files:
                return path
        return None

    def check_includes(self, file):
        own = os.path.splitext(file.path)[0] + ".h"
        system_seen = False
        position = 0
        for n, bracket, header in file.includes:
            target = None
            if header in GENERATED_HEADERS:
                home = GENERATED_HEADERS[header] + "/"
                if not file.is_test and not file.path.startswith(home):
                    self.find(file, n, "layering", f"{header} belongs to {home}")
            elif bracket == "<":
                system_seen = True
                continue
            else:
                target = self.resolve(file, header)
                if not target:
                    self.find(file, n, "include", f"{header}: found neither in compress/ nor in ./")
                    continue
                self.check_layer(file, n, target)
            if header.endswith("_list.h"):
                continue
            if system_seen:
                self.find(file, n, "include-order", f"{header} stands after system headers")
            if position and target == own:
                self.find(file, n, "include-order", f"{header}, the own header, is not the first")
            position += 1

    def check_layer(self, file, n, target):
        layer = self.files[target].layer
        if file.is_test or layer == file.layer:
            return
        if layer not in LAYERS.get(file.layer, set()):
            self.find(file, n, "layering", f"{file.layer} must not include {layer} ({target})")

    def check_third_party(self):
        users = {}
        for file in self.files.values():
            for n, bracket, header in file.includes:
                if header in GENERATED_HEADERS:
                    continue
                if bracket == "<" and not SYSTEM_HEADERS.fullmatch(header):
                    users.setdefault(header, []).append((os.path.dirname(file.path), file, n))
        for header, places in users.items():
            home = places[0][0]
            for folder, file, n in places:
                if folder != home:
                    self.find(file, n, "third-party", f"<{header}> belongs to {home}/ already")

    def check_guard(self, file):
        if not file.path.endswith(".h") or file.is_list:
            return
        path = file.path.replace("compress/", "pare/").replace("pare/pare.h", "pare.h")
        guard = re.sub(r"\W", "_", path).upper()
        directives = [line.strip() for line in file.code if line.strip()]
        if directives[:2] != [f"#ifndef {guard}", f"#define {guard}"] or directives[-1] != "#endif":
            self.find(file, 1, "guard", f"the include guard {guard} must span the file")

    # --- code

    def check_calls(self, file):
        may_print = file.top == "cli" or file.is_test
        may_allocate = file.path == "compress/base/ctx.c" or file.is_test
        for n, line in enumerate(file.code, 1):
            if line.lstrip().startswith("#"):
                continue
            for found in re.finditer(r"(?<![\w.>])(\w+)\s*(\()?", line):
                name, call = found.groups()
                if call and name in BANNED:
                    self.find(file, n, "banned-call", f"{name}: {BANNED[name]}")
                if call and name in ALLOCATION and not may_allocate:
                    self.find(file, n, "banned-call", f"{name}: memory comes from the context")
                if name in PRINTING and (call or name.startswith("std")) and not may_print:
                    self.find(file, n, "banned-call", f"{name}: only cli/ prints")
                if call and name in ENDING and not may_print:
                    self.find(file, n, "banned-call", f"{name}: a library returns a status")

    def functions(self, file):
        """(first line of the signature, line of `}`, signature) of each definition."""
        start = None
        for n, line in enumerate(file.code, 1):
            if line == "{":
                start = n
            elif line.startswith("}") and start:
                first = start - 1
                while first > 1 and re.match(r"[^#}].*[^;}\s]\s*$", file.code[first - 2]):
                    first -= 1
                signature = " ".join(part.strip() for part in file.code[first - 1:start - 1])
                yield first, n, re.sub(r"__attribute__\(\(.*?\)\)\)?", "", signature)
                start = None

    def check_functions(self, file):
        for n, line in enumerate(file.code, 1):
            if re.match(r"[A-Za-z_].*\)\s*\{\s*\S*$", line) and "=" not in line:
                self.find(file, n, "brace", "the brace of a function stands on a line of its own")
        for first, last, signature in self.functions(file):
            if last - first + 1 > MAX_FUNCTION_LINES:
                self.find(file, first, "long-function",
                          f"{last - first + 1} lines, at most {MAX_FUNCTION_LINES}")
            name = re.search(r"(\w+)\s*\(", signature)
            if not name or file.top not in ("kernels", "compress", "formats"):
                continue
            static = re.match(r"static\b", signature)
            if static and file.path.endswith(".c") and name.group(1).startswith("pare_"):
                self.find(file, first, "name", f"{name.group(1)}: statics carry no pare_")
            if not static and not name.group(1).startswith("pare_"):
                self.find(file, first, "name", f"{name.group(1)}: public names start with pare_")

    def check_state(self, file):
        """Variables that outlive a call, in functions or outside, must be constant."""
        if file.is_test:
            return
        for n, line in enumerate(file.code, 1):
            found = re.match(r"\s*(static|_Thread_local)\s(?!\s*inline\b)([^={;]*)([={;]?)", line)
            if not found or (found.group(3) in "{" and "(" in found.group(2)):
                continue
            declaration = found.group(2).split("[")[0]
            if "(" in declaration and "(*" not in declaration:
                continue  # a function
            after_star = declaration.rsplit("*", 1)[-1]
            if not re.search(r"\bconst\b", after_star) and "sig_atomic_t" not in declaration:
                self.find(file, n, "global-state", f"not constant: '{line.strip()}'")

    # --- lists and orphans

    def check_list_order(self, file):
        """Between directives rows ascend by key; a symbol may repeat (variants), strings not."""
        previous = None
        for n, line in enumerate(file.lines, 1):
            row = ROW.match(line)
            if line.lstrip().startswith("#"):
                previous = None
            elif row:
                strings = re.findall(r'"([^"]*)"', row.group(1))
                key = strings or [row.group(2)]
                if previous and (key < previous or key == previous == strings):
                    self.find(file, n, "list-order", f"{key} belongs before {previous}")
                previous = key

    def check_rows(self):
        """Each `const pare_KIND pare_KIND_NAME =` beside or below KIND_list.h has its row there."""
        for path, listing in self.files.items():
            if not listing.is_list:
                continue
            kind = os.path.basename(path).removesuffix("_list.h")
            rows = {row.group(2) for line in listing.lines if (row := ROW.match(line))}
            definition = re.compile(rf"const pare_{kind} pare_{kind}_(\w+) =")
            for file in self.files.values():
                if not file.path.startswith(os.path.dirname(path) + "/"):
                    continue
                for n, line in enumerate(file.code, 1):
                    found = definition.match(line)
                    if found and found.group(1) not in rows:
                        self.find(file, n, "orphan", f"{found.group(1)} has no row in {path}")

    def check_orphans(self):
        included = {self.resolve(file, header)
                    for file in self.files.values() for _, _, header in file.includes}
        for path, file in self.files.items():
            folder, name = os.path.split(path)
            if path.endswith(".h") and path not in included and path != "compress/pare.h":
                self.find(file, 1, "orphan", "no file includes this header")
            if path.endswith(".c") and not self.is_built(folder, name):
                self.find(file, 1, "orphan", "no rule of CMakeLists.txt builds this name here")
        corpus = os.path.join(self.root, "tests/fuzz/corpus")
        for name in sorted(os.listdir(corpus)) if os.path.isdir(corpus) else []:
            if f"tests/fuzz/fuzz_{name}.c" not in self.files:
                path = f"tests/fuzz/corpus/{name}"
                self.findings.append((path, 1, "orphan", f"no fuzz_{name}.c reads it"))

    @staticmethod
    def is_built(folder, name):
        top, _, rest = folder.partition("/")
        if top == "cli":
            return not rest
        if top != "tests":
            return True
        if rest == "fuzz":
            return name.startswith("fuzz_") or name in ("judge.c", "learnt.c", "replay.c")
        if rest in ("support", "support/nets", "bench"):
            return True
        return bool(rest) and name.startswith("test_")

    # --- exemptions

    def apply_markers(self):
        for file in self.files.values():
            if not file.is_c:
                continue
            for n, line in enumerate(file.lines, 1):
                found = MARKER.search(line)
                if found:
                    self.apply_marker(file, n, *found.groups())

    def apply_marker(self, file, n, rule, count, reason):
        if rule not in EXEMPTABLE or not count or not re.match(r" - \w", reason):
            self.find(file, n, "marker", "expected 'pare-lint: RULE N - reason' with a rule of "
                      + ", ".join(sorted(EXEMPTABLE)))
            return
        mine = (f for f in self.findings if f[0] == file.path and f[2] == rule)
        covered = sorted(f for f in mine if f[1] > n or rule == "long-file")[:int(count)]
        self.findings = [f for f in self.findings if f not in covered]
        if len(covered) < int(count):
            self.find(file, n, "marker", f"stale: covers {len(covered)} of {count} {rule}")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    lint = Lint(sys.argv[1] if len(sys.argv) > 1 else os.path.normpath(os.path.join(here, "../..")))
    findings = lint.run()
    for path, line, rule, text in findings:
        print(f"{path}:{line}: {rule}: {text}")
    print(f"lint: {len(lint.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
