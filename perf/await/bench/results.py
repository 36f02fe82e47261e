# SPDX-License-Identifier: Apache-2.0
"""What was measured: a line on the terminal for each result, and a line of JSON."""
import json
import statistics
import sys


class Results:
    def __init__(self):
        self.lines = []
        self.left_out = []
        self.failures = []

    def add(self, part, what, runtime, unit, values, **more):
        """values: one for each round. more: settings, and other numbers; of a list the median is taken."""
        more = {name: round(statistics.median(value), 2) if isinstance(value, list) else value
                for name, value in more.items()}
        line = {"part": part, "what": what, "runtime": runtime, "unit": unit, "rounds": len(values),
                "min": round(min(values), 3), "median": round(statistics.median(values), 3),
                "max": round(max(values), 3), **more}
        self.lines.append(line)
        text = "  ".join(f"{name} {value}" for name, value in more.items())
        print(f"{part:6} {what:22} {runtime:11} min {line['min']:11.1f}  median {line['median']:11.1f} {unit:5} {text}",
              flush=True)

    def leave_out(self, what):
        if what not in self.left_out:
            self.left_out.append(what)
            print(f"left out: {what}", file=sys.stderr, flush=True)

    def fail(self, what):
        self.failures.append(str(what))
        print(f"FAILED: {what}", file=sys.stderr, flush=True)

    def save(self, path, machine):
        path.write_text("".join(json.dumps({**line, **machine}) + "\n" for line in self.lines))
