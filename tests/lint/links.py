#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Links in .md files lead to files and headings that exist, and so do the paths of this tree that they quote."""
import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`((?:runtime|include|tests|examples|perf|cmake|scripts)/[\w./-]+?)`")


def anchors(path):
    headings = re.findall(r"^#+ +(.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


count = 0
for path in tree.files(".md"):
    text = path.read_text()
    outside = re.sub(r"^```.*?^```", lambda match: "\n" * match[0].count("\n"), text, flags=re.M | re.S)
    for match in LINK.finditer(outside):
        target, _, anchor = match[1].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        count += 1
        other = (path.parent / target).resolve() if target else path
        line = tree.line_of(outside, match.start())
        if not other.exists():
            tree.problem(path, line, f"{match[1]} leads nowhere")
        elif anchor and anchor not in anchors(other):
            tree.problem(path, line, f"{match[1]}: no such heading")
    for match in QUOTED.finditer(outside):
        count += 1
        if not (tree.root / match[1]).exists():
            tree.problem(path, tree.line_of(outside, match.start()), f"{match[1]} does not exist")
tree.finish(f"{count} links and paths")
