#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Results that perf/report reads with --from and --compare, invented from good ones: whatever stands in such a file,
the answer is a summary or a Problem that names the file, and no other exception.

    results.py [--tries N | --seconds S] [--seed N] CORPUS FOLDER

CORPUS holds files to begin with; a file that shows a defect is kept in FOLDER/found. Exit status: 1 if there is one.
"""
import argparse
import contextlib
import copy
import io
import json
import pathlib
import random
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "perf"))
from scaling import compare, run, terminal  # noqa: E402

ODD = [None, True, False, 0, 1, -1, 2**64, 0.0, 1e-320, 1e308, -0.5, float("nan"), float("inf"), "", "x", "\u00e9",
       "\ud800", [], {}, [0], ["x"], {"min": 1}, "serial", "skua", "scaling", "granularity", "launch", "main"]


def places(value, path=()):
    """All paths to values inside the document."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], path + (index,))


def change(dice, document):
    """One change somewhere in the document; returns the document."""
    path = dice.choice(list(places(document)))
    if not path:
        return dice.choice(ODD) if dice.random() < 0.1 else document
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    how = dice.randrange(5)
    if how == 0:
        del holder[path[-1]]
    elif how == 1 and isinstance(holder, list):
        holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
    elif how == 2 and isinstance(holder[path[-1]], (int, float)):
        holder[path[-1]] = holder[path[-1]] * dice.choice([0, -1, 0.5, 2, 1000])
    else:
        holder[path[-1]] = copy.deepcopy(dice.choice(ODD))
    return document


def spoil(dice, text):
    """The text as bytes, some of which are not what they were."""
    raw = bytearray(text.encode())
    for _ in range(dice.randrange(1, 4)):
        if not raw:
            break
        at = dice.randrange(len(raw))
        how = dice.randrange(4)
        if how == 0:
            raw[at] = dice.randrange(256)
        elif how == 1:
            del raw[at:at + dice.randrange(1, 20)]
        elif how == 2:
            raw[at:at] = dice.choice([b"[" * 100000, b'{"a":', b"\xff", b"1e999", b"9" * 5000, b"\\ud800"])
        else:
            raw = raw[:at + 1]
    return bytes(raw)


def invent(dice, documents):
    document = copy.deepcopy(dice.choice(documents))
    for _ in range(dice.choice([0, 1, 1, 1, 2, 4])):
        document = change(dice, document)
    text = json.dumps(document)
    return spoil(dice, text) if dice.random() < 0.2 else text.encode()


def read(path, other):
    """What perf/report does with the file, but for the page. Returns: whether it was taken."""
    try:
        results = run.Results.load(path)
    except run.Problem as problem:
        assert str(path) in str(problem), "the problem does not name the file"
        return False
    terminals = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(terminals):
        for old, new in ((other, results), (results, other), (results, results)):
            terminal.summary(new, compare.Changes(old, new, "other.json"))
        terminals.flush()
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    found = arguments.folder / "found"
    found.mkdir(parents=True, exist_ok=True)
    tried, taken, defects = arguments.folder / "tried.json", 0, {}
    paths = sorted(arguments.corpus.iterdir())
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    others = [run.Results.load(path) for path in paths]
    until = time.monotonic() + arguments.seconds if arguments.seconds else None
    tries = 0
    while time.monotonic() < until if until else tries < (arguments.tries or 1000):
        tries += 1
        tried.write_bytes(invent(dice, documents))
        try:
            taken += read(tried, dice.choice(others))
        except Exception:  # noqa: B902, whatever it is, it is a defect
            what = traceback.format_exc()
            where = "".join(traceback.format_exc().splitlines()[-3:-1])
            if where not in defects:
                defects[where] = what
                kept = found / f"crash-{len(defects)}.json"
                kept.write_bytes(tried.read_bytes())
                print(f"{kept}:\n{what}")
    print(f"seed {arguments.seed}; {taken} of {tries} files were taken, {len(defects)} defects")
    print(f"stat::number_of_executed_units: {tries}")
    # A test in which nothing was taken, or all of it, has tried nothing.
    return 1 if defects or not 0 < taken < tries else 0


if __name__ == "__main__":
    sys.exit(main())
