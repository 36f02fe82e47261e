#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing unfinished is left: no marks for later, no code that is switched off, no space at the end of a line."""
import re

import tree

# Written in pieces, so that this file passes its own test.
MARKS = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "WI" + "P"]
PATTERNS = [
    (re.compile(r"\b(?:" + "|".join(MARKS) + r")\b"), "a mark for later"),
    (re.compile(r"\bfor" + r" now\b", re.I), "unfinished"),
    (re.compile(r"^\s*#\s*if\s+0\s*$", re.M), "code that is switched off"),
    (re.compile(r"[ \t]+$", re.M), "space at the end of the line"),
]

found = tree.files(".c", ".h", ".S", ".cpp", ".hpp", ".py", ".md", ".cmake", ".in", ".json", ".map", "CMakeLists.txt")
found += [path for path in tree.files(under="scripts") + tree.files(under=".ci") if path not in found]
for path in found:
    text = path.read_text()
    for pattern, what in PATTERNS:
        for match in pattern.finditer(text):
            tree.problem(path, tree.line_of(text, match.start()), f"{what}: {match[0].strip() or 'blank'}")
    if text and not text.endswith("\n"):
        tree.problem(path, text.count("\n") + 1, "no newline at the end")
tree.finish(f"{len(found)} files")
