#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file of runtime/ includes its own folder and lower layers only, and each thing has its one home.

- layers: base < sys < fiber < sched < loop, await < io < api < tool;
- the operating system and the processor are asked about (#if) only in base/ and sys/, hwloc only in sys/;
- atomics go through base/atomic.h, in programs through skua/door.h;
- public headers include only the C and C++ libraries and other public headers.
"""
import re

import tree

LAYERS = {"base": 0, "sys": 1, "fiber": 2, "sched": 3, "loop": 4, "await": 4, "io": 5, "api": 6, "tool": 7}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
PLATFORM = re.compile(
    r"^\s*#\s*(?:el)?if(?:n?def)?\b.*\b(?:__linux__|__APPLE__|__FreeBSD__|_WIN32|__x86_64__|__i386__|__aarch64__)\b",
    re.M,
)
ATOMIC = re.compile(r"\b(?:__atomic_\w+|__sync_\w+|_Atomic|atomic_\w+_explicit)\b|<stdatomic\.h>")
LIBC = re.compile(r"^(?:std\w+|string|errno|limits|new|type_traits|utility|cstd\w+)(?:\.h)?$"
                  r"|^(?:atomic|exception|functional|iterator|memory|vector)$")

count = 0
for path in tree.files(".c", ".h", ".S", under="runtime"):
    count += 1
    text = path.read_text()
    code = re.sub(r"/\*.*?\*/|//[^\n]*", lambda match: "\n" * match[0].count("\n"), text, flags=re.S)
    folder = tree.name(path).split("/")[1]
    if folder not in LAYERS:
        tree.problem(path, 1, f"runtime/{folder} is no known layer")
        continue
    for match in INCLUDE.finditer(code):
        quote, target = match.groups()
        line = tree.line_of(code, match.start())
        if quote == '"':
            other = target.split("/")[0]
            if "/" not in target or other not in LAYERS:
                tree.problem(path, line, f'"{target}" is not written relative to runtime/')
            elif other != folder and LAYERS[other] >= LAYERS[folder]:
                tree.problem(path, line, f"{folder}/ includes {target} of a layer that is not lower")
        elif target.startswith("hwloc") and folder != "sys":
            tree.problem(path, line, "hwloc outside of sys/")
    if folder not in ("base", "sys"):
        for match in PLATFORM.finditer(code):
            tree.problem(path, tree.line_of(code, match.start()), "asks about the platform outside of base/ and sys/")
    if tree.name(path) != "runtime/base/atomic.h":
        for match in ATOMIC.finditer(code):
            tree.problem(path, tree.line_of(code, match.start()), f"{match[0]}: atomics go through base/atomic.h")

for path in tree.files(".h", ".hpp", under="include"):
    count += 1
    for match in INCLUDE.finditer(path.read_text()):
        target = match[2]
        if not target.startswith("skua/") and not LIBC.match(target) and target != "SKUA_DOOR":
            tree.problem(path, tree.line_of(path.read_text(), match.start()), f"a public header includes {target}")
tree.finish(f"{count} files")
