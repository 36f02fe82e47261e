# SPDX-License-Identifier: Apache-2.0
"""Measuring: calls skua-bench step by step, says how far it is, and keeps the results in a JSON file that is rewritten
after each step, so that nothing measured is ever lost.
"""
import collections
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time

from . import shape

FORMAT = 1
RUNTIMES = ["skua", "openmp-gcc", "openmp-llvm", "tbb"]
NAMES = {"serial": "serial C", "skua": "skua", "openmp-gcc": "OpenMP (gcc)", "openmp-llvm": "OpenMP (LLVM)",
         "tbb": "oneTBB"}

Kernel = collections.namedtuple("Kernel", "size summary")


def workers_text(count):
    return f"{count} worker" if count == 1 else f"{count} workers"


class Problem(Exception):
    """Something that the user has to know and that ends the program."""


def first_lines(command):
    """The output of a command; empty if it cannot run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


class Bench:
    """skua-bench of a build tree: its kernels and the runtimes they are built for."""

    def __init__(self, build):
        self.program = build / "perf" / "skua-bench"
        self.info = build / "skua-info"
        if not os.access(self.program, os.X_OK):
            raise Problem(f"there is no {self.program}: build first (cmake --preset release && cmake --build "
                          "--preset release) or name the build tree by --build")
        self.kernels = {}
        self.built = set()
        runtimes = set()
        for line in first_lines([self.program, "--list"]).splitlines()[1:]:
            match = re.match(r"(\S+)\s+(\d+)  (.{62})(.*)", line.ljust(100))
            if not match:
                continue
            name, size, summary, built = match.groups()
            self.kernels[name] = Kernel(int(size), summary.strip())
            if "serial" in built.split():
                self.built.add(name)
                runtimes.update(built.split())
        self.runtimes = [runtime for runtime in RUNTIMES if runtime in runtimes]


class Results:
    """Everything a page is drawn from. lines: the lines of skua-bench, each with the part it belongs to."""

    def __init__(self, data):
        self.data = data
        self.lines = data["lines"]
        self.planned = data["planned"]
        self.done = data["done"]
        self.summaries = data["summaries"]

    @classmethod
    def fresh(cls, bench, arguments, steps):
        wanted = {step.kernel for step in steps}
        return cls({
            "format": FORMAT,
            "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "arguments": sys.argv[1:],
            "mode": "tiny" if arguments.tiny else "short" if arguments.short else "full",
            "tree": first_lines([bench.info]),
            "summaries": {name: bench.kernels[name].summary for name in bench.kernels if name in wanted},
            "planned": len(steps),
            "done": 0,
            "lines": [],
        })

    @classmethod
    def load(cls, path):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Problem(f"{path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise Problem(f"{path} is no JSON: {error}") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise Problem(f"{path} was not written by this version of perf/report")
        what = shape.trouble(data, NAMES)
        if what:
            raise Problem(f"{path}: {what}")
        return cls(data)

    def save(self, path):
        self.data["done"] = self.done
        new = path.with_name(path.name + ".new")
        new.write_text(json.dumps(self.data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(new, path)

    def failures(self):
        return [line for line in self.lines if "failed" in line]

    def machine(self, key):
        return next((line[key] for line in self.lines), "unknown")

    def select(self, part, **wanted):
        """The lines of a part that have times and agree with what is wanted."""
        return [line for line in self.lines if line["part"] == part and "seconds" in line and "failed" not in line
                and all(line[key] == value for key, value in wanted.items())]

    def kernels(self, part):
        return list(dict.fromkeys(line["kernel"] for line in self.select(part)))

    def sizes(self, part):
        return sorted({line["size"] for line in self.select(part)})

    def runtimes(self, part):
        there = {line["runtime"] for line in self.select(part)}
        return [runtime for runtime in RUNTIMES if runtime in there]

    def most_workers(self):
        return max((line["workers"] for line in self.lines), default=1)

    def best(self, part, **wanted):
        """The fastest round in seconds, of all lines that agree; None if there is none."""
        return min((line["seconds"]["min"] for line in self.select(part, **wanted)), default=None)

    def speedup(self, kernel, runtime, workers):
        serial = self.best("scaling", kernel=kernel, runtime="serial")
        time_s = self.best("scaling", kernel=kernel, runtime=runtime, workers=workers)
        return serial / time_s if serial and time_s else None


def run_step(bench, step):
    """Returns: the lines that skua-bench wrote."""
    environment = {**os.environ, **step.environment}
    process = subprocess.Popen([bench.program, *step.arguments()], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        out, _ = process.communicate()
    except BaseException:
        # A signal for this process alone: skua-bench ends its kernels at this one. At Ctrl-C it has had its own.
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if process.returncode in (-signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt  # it had the signal first, or alone
    if process.returncode not in (0, 1):
        raise Problem(f"skua-bench {' '.join(step.arguments())} ended with status {process.returncode}")
    return [{"part": step.part, **json.loads(line)} for line in out.splitlines() if line.startswith("{")]


def measure(bench, steps, results, keep):
    terminal = sys.stdout.isatty()
    width = len(str(len(steps)))
    begun = time.monotonic()
    most = results.planned
    print(f"{most} steps; results so far are kept in {keep}. Ctrl-C ends it early and still draws the page.")
    for number, step in enumerate(steps, 1):
        what = f"[{number:{width}} of {most}] {step.label}, {'/'.join(map(str, step.workers))} workers"
        print(f"{what:60} ", end="" if terminal else "\n", flush=True)
        step_begun = time.monotonic()
        results.lines += run_step(bench, step)
        results.done = number
        results.save(keep)
        if terminal:
            print(f"{time.monotonic() - step_begun:6.1f} s", flush=True)
    print(f"Measured in {time.monotonic() - begun:.0f} s.", flush=True)
