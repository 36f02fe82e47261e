#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source says its licence in its first line, or in its second after a #!, and says nothing else about rights."""
import tree

LINE = "SPDX-License-Identifier: Apache-2.0"
ENDINGS = (".c", ".h", ".S", ".cpp", ".hpp", ".cc", ".py", ".cmake", ".cmake.in", ".sh", ".map", "CMakeLists.txt")

found = tree.files(*ENDINGS)
found += [path for path in tree.files(under="scripts") + tree.files(under=".ci") if path not in found]
for path in found:
    lines = path.read_text().splitlines()
    first = lines[1:2] if lines and lines[0].startswith("#!") else lines[:1]
    if not first or LINE not in first[0]:
        tree.problem(path, 1, f"does not begin with '{LINE}'")
    for number, line in enumerate(lines, 1):
        if ("Copy" + "right") in line:
            tree.problem(path, number, "more than the SPDX line about rights")
tree.finish(f"{len(found)} files")
