#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone and without a warning, as C11 and as C++17, strict and with GNU extensions.

usage: headers.py <include directory> <C compiler> <C++ compiler; empty: there is none>
"""
import pathlib
import subprocess
import sys

include, cc, cxx = sys.argv[1:]
headers = sorted(pathlib.Path(include).glob("skua/*.h*"))
languages = [(cc, "c", "c11"), (cc, "c", "gnu11"), (cxx, "c++", "c++17"), (cxx, "c++", "gnu++17")]
failed = 0
for header in headers:
    for checks in ("0", "1"):
        for compiler, language, standard in languages:
            if not compiler or (header.suffix == ".hpp" and language == "c"):
                continue
            command = [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Wundef",
                       "-Werror", f"-DSKUA_CHECK={checks}", "-I", include, "-fsyntax-only", "-"]
            # Twice: the guard works. The declaration: an empty file is an error of its own.
            source = f"#include <skua/{header.name}>\n" * 2 + "extern int not_empty;\n"
            result = subprocess.run(command, input=source, text=True, capture_output=True)
            if result.returncode != 0:
                failed += 1
                print(f"{header.name} as {standard}, SKUA_CHECK={checks}:\n{result.stderr}")
print(f"{len(headers)} headers, {failed} failures")
sys.exit(failed != 0 or not headers)
