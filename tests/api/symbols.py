#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shared library exports exactly the names in runtime/skua.map, and these are the functions of the public headers.

usage: symbols.py <source directory> <nm> <shared library>
"""
import pathlib
import re
import subprocess
import sys

root, nm, library = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def names_in_map():
    text = COMMENT.sub("", (root / "runtime/skua.map").read_text())
    return set(re.findall(r"^\s*(\w+);", text, re.M))


def names_in_headers():
    """Functions declared at file level: a name, its parameters and a semicolon, outside of macros and inline code."""
    names = set()
    for header in sorted((root / "include/skua").glob("*.h")):
        text = COMMENT.sub("", header.read_text())
        text = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", "", text, flags=re.M)
        names |= set(re.findall(r"^(?!static|typedef)\w[\w \t*]*?[ \t*]((?:skua|sk)_\w+)\([^;{}]*\)\s*;", text, re.M))
    return names


def names_exported():
    output = subprocess.run([nm, "-D", "--defined-only", library], check=True, text=True, capture_output=True).stdout
    rows = [line.split() for line in output.splitlines()]
    return {row[-1].split("@")[0] for row in rows if row[-2] in "TDBRVWi"}


def report(what, names):
    if names:
        print(f"{what}: {' '.join(sorted(names))}")
    return bool(names)


mapped, declared, exported = names_in_map(), names_in_headers(), names_exported()
wrong = [
    report("exported, but not in the map", exported - mapped),
    report("in the map, but not exported", mapped - exported),
    report("declared in a public header, but not in the map", declared - mapped),
    report("in the map, but not declared in a public header", mapped - declared),
]
print(f"{len(exported)} symbols")
sys.exit(any(wrong) or not exported)
