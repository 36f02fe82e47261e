#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files are at most 700 lines long, their lines at most 120 columns (a tab counts 8; rows of tables may be longer),
and example programs at most 80 lines without blank lines and comments.
"""
import re

import tree

FILE, EXAMPLE, COLUMNS = 700, 80, 120
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)

found = tree.files(".c", ".h", ".S", ".cpp", ".hpp", ".py", "CMakeLists.txt", ".cmake")
for path in found:
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > FILE:
        tree.problem(path, len(lines), f"{len(lines)} lines, at most {FILE}")
    if tree.name(path).startswith("examples/") and re.search(r"^int main\(", text, re.M):
        own = [line for line in COMMENT.sub("", text).splitlines() if line.strip()]
        if len(own) > EXAMPLE:
            tree.problem(path, len(lines), f"{len(own)} lines of code, at most {EXAMPLE}")
    for number, line in enumerate(lines, 1):
        columns = len(line.expandtabs(8))
        if columns > COLUMNS and not line.startswith(" * |"):
            tree.problem(path, number, f"{columns} columns, at most {COLUMNS}")
tree.finish(f"{len(found)} files")
