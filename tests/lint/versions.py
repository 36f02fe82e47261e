#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The version agrees: the numbers and the string of skua.h, the newest entry of CHANGELOG.md, the symbol map's node."""
import re

import tree

header = tree.root / "include/skua/skua.h"
text = header.read_text()
numbers = [re.search(rf"^#define SKUA_VERSION_{part} (\d+)$", text, re.M)[1] for part in ("MAJOR", "MINOR", "PATCH")]
version = ".".join(numbers)

string = re.search(r'^#define SKUA_VERSION "([^"]*)"$', text, re.M)
if not string or string[1] != version:
    tree.problem(header, 1, f"SKUA_VERSION is not {version}")

changelog = tree.root / "CHANGELOG.md"
newest = re.search(r"^## (\d+\.\d+\.\d+)\b", changelog.read_text(), re.M)
if not newest or newest[1] != version:
    tree.problem(changelog, 1, f"the newest entry is {newest and newest[1]}, the version is {version}")

symbols = tree.root / "runtime/skua.map"
node = re.search(r"^SKUA_(\d+) \{", symbols.read_text(), re.M)
if not node or node[1] != numbers[0]:
    tree.problem(symbols, 1, f"the node is not SKUA_{numbers[0]}")

tree.finish(f"version {version}")
