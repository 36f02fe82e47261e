#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""perf/report writes a page that is well-formed and needs nothing from elsewhere, compares with earlier results, draws
kept results anew, and keeps and draws what it has when it is interrupted.

    check.py <source directory> <build directory> <folder for its files>
"""
import copy
import importlib.util
import json
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

SKIPPED = 77
REPORT = pathlib.Path(sys.argv[1]) / "perf" / "report"
BUILD = pathlib.Path(sys.argv[2])
FOLDER = pathlib.Path(sys.argv[3])
TINY = [REPORT, "--tiny", "--build", BUILD, "--kernels", "fib,mergesort", "--workers", "1,2"]

problems = []


def expect(condition, what):
    if not condition:
        problems.append(what)
        print(f"NOT: {what}", flush=True)


def call(*arguments, status=0):
    """Returns: what the call printed."""
    done = subprocess.run(list(arguments), capture_output=True, text=True, check=False)
    out = done.stdout + done.stderr
    expect(done.returncode == status, f"{arguments[1:]} ends with {status}, not {done.returncode}:\n{out}")
    return out


def read_page(path, charts):
    """Parses the page and looks for what every page promises. Returns: its text."""
    text = path.read_text(encoding="utf-8")
    try:
        page = xml.etree.ElementTree.fromstring(text)
    except xml.etree.ElementTree.ParseError as error:
        expect(False, f"{path.name} is well-formed: {error}")
        return text
    names = [element.get("id") for element in page.iter() if element.get("id")]
    expect(len(set(names)) == len(names), f"{path.name}: no id stands twice")
    references = re.findall(r'(?:href|src|srcset|action|data)="([^"]*)"', text)
    for reference in references + re.findall(r"url\(([^)]*)\)", text):
        expect(reference.startswith("#"), f"{path.name} refers to itself only, not to {reference}")
        expect(reference[1:] in names, f"{path.name}: {reference} is there")
    expect("http" not in text and "@import" not in text, f"{path.name} names nothing in the network")
    expect(not list(page.iter("script")) + list(page.iter("link")), f"{path.name} has neither scripts nor links")
    expect("prefers-color-scheme: dark" in text, f"{path.name} knows dark")
    found = [element for element in page.iter("svg") if element.get("class") == "chart"]
    expect(len(found) == charts, f"{path.name} has {charts} charts, not {len(found)}")
    for element in found:
        style = " ".join(part.get("style", "") for part in element.iter())
        expect("#fe00" not in style, f"{path.name}: each stand-in colour became one of the style sheet")
    return text


def whole_run():
    page = FOLDER / "whole.html"
    out = call(*TINY, "--out", page)
    text = read_page(page, charts=4)
    for word in ("Speed-up over serial C on 2 workers", "METG", "Time of one daxpy loop"):
        expect(word in out, f"the terminal's summary says '{word}'")
    for word in ("How to read it", "All numbers", "OpenMP", "Machine and settings", "usable:"):
        expect(word in text, f"the page says '{word}'")
    results = json.loads(page.with_suffix(".json").read_text())
    expect(results["done"] == results["planned"], "all steps were measured")
    expect({line["part"] for line in results["lines"]} == {"scaling", "granularity", "launch"}, "all parts are there")


def scaled(results, factor, **wanted):
    """The results with other times where the lines agree with what is wanted, and rounds that differ by 1 %."""
    changed = copy.deepcopy(results)
    for line in changed["lines"]:
        time_s = line["seconds"]
        time_s.update(median=time_s["min"] * 1.01, max=time_s["min"] * 1.01, spread=0.01)
        if all(line[key] == value for key, value in wanted.items()):
            for key in ("min", "median", "max"):
                time_s[key] *= factor
    return changed


def comparison():
    results = json.loads((FOLDER / "whole.json").read_text())
    cases = [
        ("same", 1, {}, "0 faster, 0 slower"),
        ("noise", 1.008, {"runtime": "skua"}, "0 faster, 0 slower"),
        ("faster", 0.8, {"kernel": "fib", "runtime": "skua"}, "2 faster, 0 slower"),
        ("slower", 1.3, {"kernel": "mergesort", "runtime": "skua", "workers": 2}, "0 faster, 1 slower"),
        ("machine", 1.5, {"runtime": "serial"}, "serial programs changed too"),
    ]
    old = FOLDER / "old.json"
    old.write_text(json.dumps(scaled(results, 1)))
    for name, factor, wanted, expected in cases:
        new = FOLDER / f"{name}.json"
        new.write_text(json.dumps(scaled(results, factor, **wanted)))
        out = call(REPORT, "--from", new, "--compare", old)
        text = read_page(new.with_suffix(".html"), charts=4)
        expect(expected in out, f"{name}: the terminal says '{expected}':\n{out}")
        expect(expected in text, f"{name}: the page says '{expected}'")


def interruption():
    page = FOLDER / "interrupted.html"
    process = subprocess.Popen([*TINY, "--rounds", "20", "--out", page], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.STDOUT)
    begun = ""
    for line in process.stdout:
        begun += line
        if re.match(r"\[ *3 of", line):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out = begun + process.communicate(timeout=120)[0]
    expect(process.returncode == 130, f"an interrupted run ends with 130, not {process.returncode}:\n{out}")
    expect("Interrupted" in out, f"the terminal says that it was interrupted:\n{out}")
    text = read_page(page, charts=2)
    expect("Interrupted: 2 of" in text, "the page says that it was interrupted")
    results = json.loads(page.with_suffix(".json").read_text())
    expect(results["done"] == 2, f"the results of the steps before are kept, not {results['done']}")


def mistakes():
    nowhere = FOLDER / "nowhere"
    expect("build first" in call(REPORT, "--build", nowhere, status=2), "a missing build is told")
    expect("there is no kernel" in call(REPORT, "--build", BUILD, "--kernels", "nosuch", status=2),
           "an unknown kernel is told")
    broken = FOLDER / "broken.json"
    broken.write_text("{")
    expect("no JSON" in call(REPORT, "--from", broken, status=2), "a broken file is told")


def main():
    # The report goes on under the system's Python if only that one has the package.
    if not importlib.util.find_spec("matplotlib") and subprocess.run(
            ["/usr/bin/python3", "-c", "import matplotlib"], check=False, stderr=subprocess.DEVNULL).returncode:
        print("no matplotlib (Debian: python3-matplotlib): skipped")
        return SKIPPED
    FOLDER.mkdir(parents=True, exist_ok=True)
    for part in (whole_run, comparison, interruption, mistakes):
        begun = time.monotonic()
        part()
        print(f"{part.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
