# SPDX-License-Identifier: Apache-2.0
"""Which files the lint tests look at, and how they end. Every lint test is called with the source directory."""
import os
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1]).resolve()
problems = []


def files(*endings, under="."):
    """Files of the tree, sorted; endings are suffixes, none means all. Build trees and hidden folders are left out."""
    found = []
    for folder, folders, names in os.walk(root / under):
        folders[:] = [
            name for name in folders
            if not name.startswith("build") and name != "__pycache__" and (not name.startswith(".") or name == ".ci")
        ]
        if "CMakeCache.txt" in names:
            folders[:] = []
            continue
        found += [pathlib.Path(folder) / name for name in names if not endings or name.endswith(endings)]
    return sorted(path for path in found if not path.is_symlink())


def name(path):
    return path.relative_to(root).as_posix()


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def problem(path, line, what):
    problems.append(f"{name(path)}:{line}: {what}")


def strip_strings(text):
    """The text with the contents of string literals blanked, so that their words are not taken for code."""
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def finish(what):
    for text in problems:
        print(text)
    print(f"{what}; {len(problems)} problems")
    sys.exit(bool(problems))
