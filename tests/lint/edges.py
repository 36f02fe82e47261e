#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every ordered atomic operation names its edge, and every edge has two ends.

A release side says `edge NAME -> : what is carried`, an acquire side `edge -> NAME : what`; one comment may name
several. The comment stands on the line of the operation, or directly above its statement. The door headers define the
operations and are read for edges only.
"""
import re

import tree

ORDERED = re.compile(
    r"\bsk_(?:load|store|exchange|cas|add|sub|or|and|fence)_(?:acquire|release|acq_rel|seq_cst)\s*\("
    r"|\bsk_membarrier\s*\(\s*\)"
)
BEGINS = re.compile(r"\bedge ([a-z_]+(?:\.[a-z_]+)+) ->")
ENDS = re.compile(r"\bedge -> ([a-z_]+(?:\.[a-z_]+)+)")
STATEMENT = 4  # lines that a statement may have before the one with the operation


def comment_of(lines, index):
    """The operation's line, the lines of its statement before it, and the comment block above that."""
    text = [lines[index]]
    above = index - 1

    def line():
        return lines[above].strip() if above >= 0 else ""

    while index - above <= STATEMENT and line() and not line().endswith("*/"):
        text.append(line())
        above -= 1
    while line().startswith(("/*", "*")) or line().endswith("*/"):
        text.append(line())
        above -= 1
    return "\n".join(text)


begins, ends, operations = {}, {}, 0
for path in tree.files(".c", ".h", ".S", under="runtime") + tree.files(".h", under="include"):
    text = path.read_text()
    for match in BEGINS.finditer(text):
        begins.setdefault(match[1], (path, tree.line_of(text, match.start())))
    for match in ENDS.finditer(text):
        ends.setdefault(match[1], (path, tree.line_of(text, match.start())))
    if tree.name(path) in ("runtime/base/atomic.h", "include/skua/door.h"):
        continue
    lines = text.splitlines()
    inside = False
    for index, line in enumerate(lines):
        code = line
        if inside:
            if "*/" not in line:
                continue
            code = line.split("*/", 1)[1]
            inside = False
        bare = re.sub(r"/\*.*?\*/", "", code)
        if "/*" in bare:
            inside = True
            bare = bare.split("/*", 1)[0]
        bare = bare.split("//", 1)[0]
        if not ORDERED.search(bare) or re.search(r"\b(?:void|bool|int)\s+sk_membarrier\s*\(", bare):
            continue
        operations += 1
        if not re.search(r"\bedge (?:->|[a-z_]+(?:\.[a-z_]+)+ ->)", comment_of(lines, index)):
            tree.problem(path, index + 1, f"ordered operation without an edge: {bare.strip()}")

for edge in sorted(set(begins) - set(ends)):
    tree.problem(*begins[edge], f"edge {edge} has no other end ('edge -> {edge}')")
for edge in sorted(set(ends) - set(begins)):
    tree.problem(*ends[edge], f"edge {edge} has no beginning ('edge {edge} ->')")
tree.finish(f"{operations} ordered operations, {len(begins)} edges")
