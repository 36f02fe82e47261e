#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole programs in README.md and in the heads of the public headers compile without a warning and run.

A whole program includes a skua header and has a main. If a README's program is followed by a ```text block, the program
must print just that. With flags (of a sanitizer) the headers' programs are only compiled, for their sizes are made to
show speed.

usage: programs.py <source directory> <work directory> <library directory> <C compiler> [flags ...]
"""
import pathlib
import re
import subprocess
import sys

root, work, libraries, cc = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
flags = sys.argv[5:]
work.mkdir(parents=True, exist_ok=True)


def whole(program):
    has_main = re.search(r"^int main\(", program, re.M)
    has_gaps = re.search(r"^\s*\.\.\.\s*$", program, re.M)
    return "#include <skua/" in program and has_main and not has_gaps


def in_readme():
    text = (root / "README.md").read_text()
    for match in re.finditer(r"^```c\n(.*?)^```\n(?:\s*```text\n(.*?)^```)?", text, re.M | re.S):
        if whole(match[1]):
            yield "README.md", match[1], match[2]


def in_headers():
    for header in sorted((root / "include/skua").glob("*.h")):
        head = header.read_text().split("*/", 2)[1]
        block = [line[7:] for line in head.splitlines() if line.startswith(" *     ") or line == " *"]
        program = "\n".join(block) + "\n"
        if whole(program):
            start = program.index("#include <skua/")
            end = program.index("\n}\n", program.index("\nint main(")) + 3
            yield header.name, program[start:end], None


count = failed = 0
for where, program, expected in [*in_readme(), *in_headers()]:
    count += 1
    source = work / f"program{count}.c"
    source.write_text(program)
    executable = source.with_suffix("")
    command = [cc, "-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", *flags, "-I", root / "include", source,
               "-o", executable, "-L", libraries, "-lskua", f"-Wl,-rpath,{libraries}"]
    built = subprocess.run(command, text=True, capture_output=True)
    if built.returncode != 0:
        failed += 1
        print(f"{where}: does not compile:\n{built.stderr}")
        continue
    if flags and where != "README.md":
        print(f"{where}: compiles")
        continue
    ran = subprocess.run([executable], text=True, capture_output=True)
    print(f"{where}: exit status {ran.returncode}, prints {ran.stdout!r}")
    if ran.returncode != 0 or (expected is not None and ran.stdout != expected):
        failed += 1
        print(f"expected {expected!r}\n{ran.stderr}")
print(f"{count} programs, {failed} failures")
sys.exit(failed != 0 or not count)
