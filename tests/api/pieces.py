#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every piece of code in docs/await.md compiles: the C without a warning, the Python as far as Python looks.

The first C block is what all others are compiled after. A piece with functions is a file's, another one a function's
body; one with a main is a whole program, which is linked and run.

usage: pieces.py <source directory> <work directory> <library directory> <C compiler> [flags ...]
"""
import ast
import pathlib
import re
import subprocess
import sys

root, work, libraries, cc = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused", *sys.argv[5:], "-I", root / "include"]
work.mkdir(parents=True, exist_ok=True)
text = (root / "docs/await.md").read_text()
failed = 0


def complain(what, block, why):
    global failed
    failed += 1
    print(f"docs/await.md: {what}:\n{block}{why}")


def run(command):
    return subprocess.run(command, text=True, capture_output=True, timeout=50)


pieces = re.findall(r"^```c\n(.*?)^```", text, re.M | re.S)
shared = pieces.pop(0)
for number, piece in enumerate(pieces):
    source = work / f"piece{number}.c"
    program = source.with_suffix("")
    whole = re.search(r"^int main\(", piece, re.M)
    if whole:
        source.write_text(piece)
        built = run([cc, *flags, source, "-o", program, "-L", libraries, "-lskua", f"-Wl,-rpath,{libraries}"])
    else:
        functions = re.search(r"^\w.*\)\n\{", piece, re.M)
        source.write_text(shared + (piece if functions else f"void piece(void);\nvoid piece(void)\n{{\n{piece}}}\n"))
        built = run([cc, *flags, "-c", source, "-o", source.with_suffix(".o")])
    if built.returncode != 0:
        complain("does not compile", piece, built.stderr)
    elif whole and run([program]).returncode != 0:
        complain("fails", piece, "")

scripts = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
for script in scripts:
    try:
        compile(script, "docs/await.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        complain("is no Python", script, str(error))
print(f"{len(pieces)} pieces of C, {len(scripts)} of Python, {failed} failures")
sys.exit(failed != 0 or not pieces or len(pieces) != len(scripts))
