#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A compiler for 32-bit pointers is refused with a message that says why, by the build and by the header.

Needs no C library for 32 bits: nothing is linked. The same with 64 bits is not refused. Skipped where the compiler has
no such mode.

usage: refuses.py <source directory> <work directory> <C compiler> <cmake> [-G <generator>]
"""
import pathlib
import re
import shutil
import subprocess
import sys

MESSAGE = "skua needs 64-bit pointers and atomics"
SKIPPED = 77

root, work, cc, cmake = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
failed = 0


def run(command, source=""):
    return subprocess.run(command, input=source, text=True, capture_output=True)


def header(flag):
    return run([cc, flag, "-std=c11", "-I", root / "include", "-fsyntax-only", "-x", "c", "-"],
               "#include <skua/skua.h>\n")


def build(flag):
    folder = work / flag.strip("-")
    shutil.rmtree(folder, ignore_errors=True)
    return run([*cmake, "-S", root, "-B", folder, f"-DCMAKE_C_COMPILER={cc}", f"-DCMAKE_C_FLAGS={flag}",
                "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY", "-DSKUA_HWLOC=OFF", "-DSKUA_BUILD_TESTS=OFF",
                "-DSKUA_BUILD_EXAMPLES=OFF", "-DSKUA_BUILD_PERF=OFF"])


def expect(what, result, is_refused):
    global failed
    errors = re.findall(r"error:.*|CMake Error.*\n.*", result.stderr)
    is_right = (result.returncode != 0) == is_refused and (not is_refused or bool(errors) and MESSAGE in errors[0])
    print(f"{what}: {'as promised' if is_right else 'WRONG'}")
    if not is_right:
        failed += 1
        print(result.stderr)


if run([cc, "-m32", "-fsyntax-only", "-x", "c", "-"]).returncode != 0:
    print(f"{cc} has no -m32")
    sys.exit(SKIPPED)
for flag, is_refused in (("-m32", True), ("-m64", False)):
    expect(f"the header, {flag}", header(flag), is_refused)
    expect(f"the build, {flag}", build(flag), is_refused)
print(f"{failed} failures")
sys.exit(failed != 0)
