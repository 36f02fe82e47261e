#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fast path, as the compiler makes it (x86-64): no fence, no locked instruction, no thread-local read, no division;
and a spawn and a sync together make two compares.

usage: fast_path.py <source directory> <work directory> <C compiler> <objdump>
"""
import pathlib
import re
import subprocess
import sys

root, work, cc, objdump = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
work.mkdir(parents=True, exist_ok=True)

FORBIDDEN = {
    "a fence": re.compile(r"\b[lsm]fence\b"),
    "a locked instruction": re.compile(r"\block\b|\bxchg\b.*\("),
    "a thread-local read": re.compile(r"%[fg]s:"),
    "a division": re.compile(r"\bi?div[bwlq]?\b"),
}

failed = 0
for level in ("-O2", "-O3"):
    built = work / f"fast_path{level}.o"
    subprocess.run([cc, "-std=gnu11", level, "-DSKUA_CHECK=0", "-fno-stack-protector", "-I", root / "include", "-c",
                    root / "tests/api/fast_path.c", "-o", built], check=True)
    command = [objdump, "-d", "--no-show-raw-insn", built]
    text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
    functions = dict(re.findall(r"^[0-9a-f]+ <([\w.]+)>:\n((?:.+\n)*)", text, re.M))
    bodies = {name: code for name, code in functions.items() if re.search(r"^(?:pair|fib)_sk_(?:body|run)", name)}
    if "pair_sk_body" not in bodies or not any(name.startswith("fib_") for name in bodies):
        print(f"{level}: functions are missing: {sorted(functions)}")
        failed += 1
    for name, code in bodies.items():
        for what, pattern in FORBIDDEN.items():
            for match in pattern.finditer(code):
                failed += 1
                print(f"{level}, {name}: {what}: {match[0]}")
    compares = len(re.findall(r"\bcmp[bwlq]?\b", bodies.get("pair_sk_body", "")))
    print(f"{level}: {compares} compares for one spawn and one sync")
    failed += compares != 2
sys.exit(failed != 0)
