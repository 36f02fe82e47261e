#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Public headers teach: every function and every macro for programs is explained, under headings of a fixed list and in
a fixed order, and has at least `Call from:`. Every file of runtime/ begins with a comment that says what it is.

A macro with arguments that is meant for programs (SKUA_...) must be described in the head of its header instead.
"""
import re

import tree

HEADINGS = ["Call from", "Threads", "Blocks", "Orders", "Returns", "Errors", "Undefined if", "Memory", "Source"]
HEADING = re.compile(r"(?:^|(?<=[.\s]))(" + "|".join(HEADINGS) + r"):(?= )", re.M)
LIKE_HEADING = re.compile(r"^\s*\*\s+([A-Z][a-z]+(?: [a-z]+)?):(?= )", re.M)
FUNCTION = re.compile(r"^(?!static|typedef|#|\s)\w[\w \t*]*?[ \t*](skua_\w+)\([^;{}]*\)\s*;", re.M)
PREAMBLE = {"Checks", "Rules of thumb", "Environment", "Default", "Not for", "Example"}

count = 0


def check_order(path, text, start, what):
    seen = [match[1] for match in HEADING.finditer(text)]
    known = [HEADINGS.index(heading) for heading in seen]
    if known != sorted(known):
        tree.problem(path, start, f"{what}: headings out of order: {', '.join(seen)}; the order: {', '.join(HEADINGS)}")
    if len(set(seen)) != len(seen):
        tree.problem(path, start, f"{what}: a heading stands twice")
    for match in LIKE_HEADING.finditer(text):
        if match[1] not in HEADINGS and match[1] not in PREAMBLE:
            tree.problem(path, start, f"{what}: unknown heading '{match[1]}:'")
    return seen


for path in tree.files(".h", under="include"):
    text = path.read_text()
    code = re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S)
    for match in FUNCTION.finditer(code):
        count += 1
        line = tree.line_of(text, match.start())
        before = text[:match.start()].rstrip()
        if not before.endswith("*/") or text[len(before):match.start()].count("\n") > 1:
            tree.problem(path, line, f"{match[1]} has no comment directly above it")
            continue
        comment = before[before.rindex("/*"):]
        if "Call from" not in check_order(path, comment, line, match[1]):
            tree.problem(path, line, f"{match[1]} does not say `Call from:`")
    # Macros: the head describes each, most in an entry that begins ` * SKUA_NAME(`.
    head = text.split("*/", 2)[1] if text.count("*/") > 1 else ""
    for macro in re.findall(r"^#define (SKUA_[A-Z_]+)\(", text, re.M):
        count += 1
        if not re.search(rf"\b{macro}\(", head):
            tree.problem(path, 1, f"{macro} is not described in the head of the header")
    for entry in re.split(r"^ \* (?=SKUA_[A-Z_]+\()", head, flags=re.M)[1:]:
        check_order(path, entry.split("\n *\n")[0], 1, entry.split("(")[0])

for path in tree.files(".c", ".h", ".S", under="runtime") + tree.files(".h", under="include"):
    lines = path.read_text().splitlines()
    if len(lines) < 3 or not lines[1].lstrip().startswith(("/*", "//", "#")):
        tree.problem(path, 2, "no comment at the head that says what the file is")
tree.finish(f"{count} public functions and macros")
