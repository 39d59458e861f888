#!/usr/bin/env python3
"""Runs what a page shows in its ```console blocks, in this folder: `console.py PAGE.md`.

Commands stand behind `$ `; a line that ends in `\\` goes on in the next. Behind a command stand the
lines that it prints. `...` stands for any number of lines; numbers are compared as numbers only,
so that a page does not change with every digit; warnings may be left out. `(exit status N)` ends
what a command prints that does not end with 0. Prints what differs and exits 1.
"""
import re
import subprocess
import sys

NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?( [nµumk]?[JsBWh]{1,2}\b| [kMG]B\b| %|x\b)?")
STATUS = re.compile(r"^\(exit status (\d+)\)$")


def commands(page):
    """Yields (line, command, expected lines, status)."""
    inside, current = False, None
    for number, line in enumerate(open(page, encoding="utf-8").read().split("\n"), 1):
        if line.startswith("```"):
            if current:
                yield current
            current, inside = None, line == "```console"
        elif not inside:
            continue
        elif line.startswith("$ "):
            if current:
                yield current
            current = [number, line[2:], [], 0]
        elif current[1].endswith("\\"):
            current[1] = current[1][:-1].rstrip() + " " + line.strip()
        elif STATUS.match(line):
            current[3] = int(STATUS.match(line).group(1))
        else:
            current[2].append(line)


def plain(line):
    line = re.sub(r"\b[0-9a-f]{64}\b", "H", line.rstrip())
    line = re.sub(r"^\* (?=\w+[.=])", "  ", line) # who is on a front is a matter of digits
    return re.sub(r" +", " ", NUMBER.sub("N", line))


def fits(expected, found):
    """Whether lines are as expected, "..." being any number of them."""
    if not expected:
        return not found
    if expected[0] == "...":
        return any(fits(expected[1:], found[i:]) for i in range(len(found) + 1))
    return bool(found) and plain(expected[0]) == plain(found[0]) and fits(expected[1:], found[1:])


def main():
    n, failed = 0, False
    for line, command, expected, status in commands(sys.argv[1]):
        n += 1
        ran = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = ran.stdout.rstrip("\n").split("\n") if ran.stdout else []
        if not any("warning" in shown for shown in expected):
            found = [shown for shown in found if not shown.startswith("pare: warning: ")]
        if ran.returncode != status:
            print(f"{sys.argv[1]}:{line}: exit status {ran.returncode}, not {status}: {command}")
            print(ran.stdout)
            failed = True
        elif not fits(expected, found):
            print(f"{sys.argv[1]}:{line}: other output: {command}")
            print("\n".join(found))
            failed = True
    if not n:
        print(f"{sys.argv[1]}: no commands")
    sys.exit(failed or not n)


main()
