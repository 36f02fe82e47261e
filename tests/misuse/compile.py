#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Misuse that must not compile, with the words that the compiler's message has to contain.

    compile.py <include directory> <C compiler> <C++ compiler; empty: there is none>

Each program is tried without checks and with them, in C11 and C++17. A first program that is right shows that it is
the misuse that does not compile.
"""
import os
import subprocess
import sys
import tempfile

OUTSIDE = "skua_spawn_sync_and_call_work_only_inside_a_SKUA_TASK"
ODD = "skua_error_a_task_takes_up_to_8_arguments_each_a_type_and_a_name"
TASK = "SKUA_TASK(int, task, int, n) { return n; }\n"

# name, program, words; words that depend on the language are a pair
CASES = [
    ("right", TASK + "int f(void); int f(void) { return SKUA_RUN(task, 1); }\n", None),
    ("spawn outside", TASK + "void f(void); void f(void) { SKUA_SPAWN(task, 1); }\n", OUTSIDE),
    ("sync outside", TASK + "int f(void); int f(void) { return SKUA_SYNC(task); }\n", OUTSIDE),
    ("call outside", TASK + "int f(void); int f(void) { return SKUA_CALL(task, 1); }\n", OUTSIDE),
    ("arguments too large",
     "struct big { char bytes[49]; };\nSKUA_TASK(int, heavy, struct big, b) { return b.bytes[0]; }\n",
     "the arguments or the result of task heavy do not fit a slot (48 bytes): pass a pointer"),
    ("arguments too many bytes",
     "SKUA_TASK(int, heavy, long long, a, long long, b, long long, c, long long, d, long long, e, long long, f,"
     " char, g) { return (int)(a + b + c + d + e + f + g); }\n",
     "the arguments or the result of task heavy do not fit a slot (48 bytes): pass a pointer"),
    ("result too large",
     "struct big { char bytes[49]; };\nSKUA_TASK(struct big, heavy) { struct big b = { { 0 } }; return b; }\n",
     "the arguments or the result of task heavy do not fit a slot (48 bytes): pass a pointer"),
    ("odd list", "SKUA_TASK(int, odd, int) { return 1; }\n", ODD),
    ("odd longer list", "SKUA_TASK(int, odd, int, a, long) { return a; }\n", ODD),
    ("too few arguments", TASK + "SKUA_TASK(int, user) { return SKUA_CALL(task); }\n",
     "too few arguments|requires 3 arguments"),
    ("wrong type", TASK + "SKUA_TASK(int, user) { struct { int i; } s = { 1 }; return SKUA_CALL(task, s); }\n",
     ("incompatible type", "cannot convert|no matching function|no known conversion|no viable conversion")),
]
CPP_CASES = [
    ("argument with a destructor",
     "#include <string>\nSKUA_TASK(int, text, std::string, s) { return (int)s.size(); }\n",
     "skua: argument s is copied as bytes: pass a pointer to it instead"),
]

include, cc, cxx = sys.argv[1:4]
failed = tried = 0


def compile_one(compiler, standard, ending, program, checks, folder):
    path = os.path.join(folder, "program" + ending)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#include <skua/skua.h>\n" + program)
    command = [compiler, "-std=" + standard, "-fsyntax-only", f"-DSKUA_CHECK={checks}", "-I" + include, path]
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, env=environment)


def judge(name, words, result):
    """What is wrong with the compiler's answer; None if nothing."""
    if words is None:
        return "it does not compile" if result.returncode else None
    if result.returncode == 0:
        return f"{name} compiles"
    if not any(word in result.stderr for word in words.split("|")):
        return f"the message lacks '{words}'"
    return None


with tempfile.TemporaryDirectory() as folder:
    for compiler, standard, ending, cases in ((cc, "gnu11", ".c", CASES), (cc, "c11", ".c", CASES),
                                              (cxx, "c++17", ".cpp", CASES + CPP_CASES)):
        if not compiler:
            continue
        for name, program, words in cases:
            if isinstance(words, tuple):
                words = words[ending == ".cpp"]
            for checks in (0, 1):
                tried += 1
                result = compile_one(compiler, standard, ending, program, checks, folder)
                problem = judge(name, words, result)
                if problem:
                    failed += 1
                    print(f"{name} ({compiler} -std={standard} -DSKUA_CHECK={checks}): {problem}\n{result.stderr}")
print(f"{tried} programs, {failed} wrong")
sys.exit(1 if failed else 0)
