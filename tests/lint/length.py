#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files are at most 500 lines long, or 700 with a reason below; their lines at most 120 columns (a tab counts 8; rows
of tables may be longer), and example programs at most 80 lines without blank lines and comments.
"""
import re

import tree

FILE, LONG_FILE, EXAMPLE, COLUMNS = 500, 700, 80, 120
# Longer files, and why they are one.
LONG = {
    "include/skua/task.h": "the fast path, told in one header that programs include alone",
    "runtime/io/reactor.c": "one protocol, that of reactor.h, over whichever backend there is",
    "tests/model/check/execution.c": "one execution: its threads' steps share the state that is set up and undone here",
    "tests/model/idle.py": "one model: the parts that other models extend, its sizes and its mutants",
    "tests/stress/lifetimes.c": "one program: the same race of a last use with the end, for each kind of object",
}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)

found = tree.files(".c", ".h", ".S", ".cpp", ".hpp", ".py", "CMakeLists.txt", ".cmake")
for path in found:
    text = path.read_text()
    lines = text.splitlines()
    most = LONG_FILE if tree.name(path) in LONG else FILE
    if len(lines) > most:
        tree.problem(path, len(lines), f"{len(lines)} lines, at most {most}")
    elif most == LONG_FILE and len(lines) <= FILE:
        tree.problem(path, len(lines), "needs no reason any more: take it out of LONG in length.py")
    if tree.name(path).startswith("examples/") and re.search(r"^int main\(", text, re.M):
        own = [line for line in COMMENT.sub("", text).splitlines() if line.strip()]
        if len(own) > EXAMPLE:
            tree.problem(path, len(lines), f"{len(own)} lines of code, at most {EXAMPLE}")
    for number, line in enumerate(lines, 1):
        columns = len(line.expandtabs(8))
        if columns > COLUMNS and not line.startswith(" * |"):
            tree.problem(path, number, f"{columns} columns, at most {COLUMNS}")
tree.finish(f"{len(found)} files")
