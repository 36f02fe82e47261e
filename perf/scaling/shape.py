# SPDX-License-Identifier: Apache-2.0
"""What a file of results has to look like, so that whoever reads one need not ask: a file that was cut, edited or
written by something else is refused with a sentence instead of ending in the middle of a page.
"""
import datetime
import math


def is_text(value):
    """Words that a terminal and a page can show: no halves of characters, and no control characters but line ends."""
    return isinstance(value, str) and not any(0xD800 <= ord(c) < 0xE000 or (c < " " and c not in "\n\t") for c in value)


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def is_size(value):
    return is_count(value) and value > 0


def is_time(value):
    """A number of seconds or nanoseconds that can be divided by. What is shorter or longer was not measured."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1e-15 <= value <= 1e15


def is_share(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_date(value):
    try:
        return datetime.datetime.fromisoformat(value) is not None
    except (TypeError, ValueError):
        return False


def is_list_of(what):
    return lambda value: isinstance(value, list) and all(map(what, value))


def are_summaries(value):
    return isinstance(value, dict) and all(map(is_text, [*value, *value.values()]))


FILE = {"date": is_date, "arguments": is_list_of(is_text), "mode": is_text, "tree": is_text, "summaries": are_summaries,
        "planned": is_count, "done": is_count, "lines": is_list_of(lambda line: isinstance(line, dict))}
LINE = {"part": is_text, "kernel": is_text, "variant": is_text, "size": is_count, "runtime": is_text,
        "workers": is_size, "pinning": is_text, "machine": is_text, "topology": is_text, "system": is_text,
        "commit": is_text}
SECONDS = {"count": is_size, "min": is_time, "median": is_time, "spread": is_share}
# Not in each line.
MORE = {"failed": is_text, "compiler": is_text, "ns_per_task": is_time}
# Their tables and charts are about single tasks and loops.
NEED_A_TASK = ("granularity", "launch")


def amiss(holder, fields, where=""):
    """Returns: what is wrong with the first field that is missing or makes no sense, or None."""
    for name, is_fine in fields.items():
        if name not in holder:
            return f"{where}has no '{name}'"
        if not is_fine(holder[name]):
            return f"{where}has a '{name}' that makes no sense"
    return None


def line_amiss(line, where, runtimes):
    what = amiss(line, LINE, where) or amiss(line, {name: MORE[name] for name in MORE if name in line}, where)
    if what or line["runtime"] not in runtimes:
        return what or f"{where}is of an unknown runtime"
    if "seconds" not in line:
        return None
    if not isinstance(line["seconds"], dict):
        return f"{where}has 'seconds' that make no sense"
    if line["part"] in NEED_A_TASK and "ns_per_task" not in line:
        return f"{where}has no 'ns_per_task'"
    return amiss(line["seconds"], SECONDS, where)


def trouble(data, runtimes):
    """Returns: a sentence without its subject, the file, about what is wrong with these results; None: nothing is."""
    what = amiss(data, FILE)
    for number, line in enumerate(data["lines"] if not what else [], 1):
        what = what or line_amiss(line, f"line {number} of the results ", runtimes)
    return what
