#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of scripts/coverage: lines and branches of runtime/ that the tests reach, of one or more builds together.

    table.py [--missed] SOURCE BUILD ...

BUILD.json and BUILD.lcov are what llvm-cov exports. Not counted are the conditions of SK_REQUIRE, SK_INVARIANT and
SK_WALK, whose other side is a panic, and what unreachable.txt names. A branch is one side of a condition, of `&&`,
`||` and `?:` too, or a case. Exit status: 1 below the aims, or if unreachable.txt is out of date.
"""
import collections
import json
import pathlib
import re
import sys

LINES_AIM, BRANCHES_AIM = 95, 85
LIST = pathlib.Path(__file__).parent / "unreachable.txt"
# Reasons that begin so are of what a run reaches now and then.
RACE = "a race"
# Also what is compiled away below a level of checks.
CHECK = re.compile(r"\bSK_(?:REQUIRE|INVARIANT|WALK)\(|\bif \(SK_CHECK_LEVEL ")

File = collections.namedtuple("File", "lines branches")  # {line: count}, {(line, column, which): count}


def read_lcov(path, source, files):
    name = None
    for text in path.read_text(encoding="utf-8").splitlines():
        kind, _, rest = text.partition(":")
        if kind == "SF":
            name = own_name(rest, source)
        elif kind == "DA" and name:
            line, count = map(int, rest.split(",")[:2])
            files[name].lines[line] = files[name].lines.get(line, 0) + count


def read_json(path, source, files):
    for entry in json.loads(path.read_text(encoding="utf-8"))["data"][0]["files"]:
        name = own_name(entry["filename"], source)
        if not name:
            continue
        found = [(tuple(branch[:4]), branch) for branch in entry.get("branches", [])]
        # Conditions that come out of a macro stand where the macro is used.
        for expansion in entry.get("expansions", []):
            place = tuple(expansion["source_region"][:2])
            found += [(place + tuple(branch[:4]), branch) for branch in expansion.get("branches", [])]
        for place, branch in found:
            for which, count in (("true", branch[4]), ("false", branch[5])):
                key = place[0], place, which
                files[name].branches[key] = files[name].branches.get(key, 0) + count


def own_name(path, source):
    """The path below the source directory, of what is in runtime/; else None."""
    try:
        name = pathlib.Path(path).resolve().relative_to(source).as_posix()
    except ValueError:
        return None
    return name if name.startswith("runtime/") else None


def checked_lines(text):
    """The lines of a source on which a check's condition stands."""
    lines = set()
    for match in CHECK.finditer(text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        lines.update(range(text.count("\n", 0, match.start()) + 1, text.count("\n", 0, at) + 2))
    return lines


def read_list():
    """{file: [(what, line of unreachable.txt, may it be reached?)]}; what is the text of a line, or `name()` for a
    whole function."""
    entries, name, is_race = collections.defaultdict(list), None, False
    for number, text in enumerate(LIST.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith("\t"):
            entries[name].append((text.strip(), number, is_race))
        elif text and not text.startswith("#"):
            name, _, reason = text.partition(": ")
            assert reason, f"{LIST.name}:{number}: no reason"
            is_race = reason.startswith(RACE)
    return entries


def function_lines(source_lines, name):
    """The lines of the functions of this name; they begin and end at the margin."""
    found = set()
    for begin, text in enumerate(source_lines, 1):
        if re.match(rf"[a-z_].*\b{re.escape(name)}\(", text, re.I) and not text.rstrip().endswith(";"):
            end = begin
            while end < len(source_lines) and source_lines[end - 1] != "}":
                end += 1
            found.update(range(begin, end + 1))
    return found


def left_out(name, source_lines, entries, found, problems):
    """The lines of which unreachable.txt names what is missed; what it names and is reached after all is a problem,
    unless it is a matter of luck."""
    out = set()
    for what, number, is_race in entries:
        if what.endswith("()"):
            lines = function_lines(source_lines, what[:-2])
        else:
            lines = {at for at, text in enumerate(source_lines, 1) if text.strip() == what}
        missed = any(found.lines.get(line) == 0 for line in lines) or \
            any(key[0] in lines and count == 0 for key, count in found.branches.items())
        if not lines:
            problems.append(f"{LIST.name}:{number}: {name} has no '{what}'")
        elif not missed and not is_race:
            problems.append(f"{LIST.name}:{number}: all of '{what}' in {name} is reached")
        out |= lines
    return out


def share(reached, all_of_them):
    return 100 * reached / all_of_them if all_of_them else 100


def row(name, numbers):
    lines, reached_lines, branches, reached_branches, out = numbers
    return (f"{name:34}{lines:7}{share(reached_lines, lines):8.1f} %{branches:7}"
            f"{share(reached_branches, branches):8.1f} %{out or '':>6}")


def show_missed(name, source_lines, found):
    sides = collections.defaultdict(list)
    for (line, _, which), count in sorted(found.branches.items()):
        if count == 0:
            sides[line].append(which)
    for line in sorted(set(sides) | {line for line, count in found.lines.items() if count == 0}):
        what = "not reached" if found.lines.get(line) == 0 else "never " + ", ".join(sides[line])
        print(f"    {name}:{line}: {what}: {source_lines[line - 1].strip()}")


def main():
    missed = "--missed" in sys.argv
    source, *builds = (pathlib.Path(argument).resolve() for argument in sys.argv[1:] if argument != "--missed")
    files = collections.defaultdict(lambda: File({}, {}))
    for build in builds:
        read_lcov(build.with_suffix(".lcov"), source, files)
        read_json(build.with_suffix(".json"), source, files)
    entries, problems, total = read_list(), [], [0] * 5
    print(f"{'':34}{'lines':>7}{'reached':>10}{'sides':>7}{'reached':>10}{'out':>6}")
    for name in sorted(files):
        text = (source / name).read_text(encoding="utf-8")
        source_lines = text.splitlines()
        out = left_out(name, source_lines, entries.pop(name, []), files[name], problems)
        checks = checked_lines(text)
        found = File({line: count for line, count in files[name].lines.items() if count or line not in out},
                     {key: count for key, count in files[name].branches.items()
                      if key[0] not in checks and (count or key[0] not in out)})
        numbers = [len(found.lines), sum(map(bool, found.lines.values())), len(found.branches),
                   sum(map(bool, found.branches.values())), len(files[name].lines) - len(found.lines)]
        total = [sum(pair) for pair in zip(total, numbers)]
        print(row(name, numbers))
        if missed:
            show_missed(name, source_lines, found)
    print(row("all", total))
    problems += [f"{LIST.name}: {name} is not in these builds" for name in entries]
    for problem in problems:
        print(problem)
    lines, branches = share(total[1], total[0]), share(total[3], total[2])
    print(f"runtime/: {lines:.1f} % of lines (aim {LINES_AIM}), {branches:.1f} % of branches (aim {BRANCHES_AIM})")
    return 1 if problems or lines < LINES_AIM or branches < BRANCHES_AIM else 0


if __name__ == "__main__":
    sys.exit(main())
