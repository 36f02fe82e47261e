# SPDX-License-Identifier: Apache-2.0
"""Two sets of results: what got faster or slower beyond the noise."""

# Less than this is no change even where the rounds agree better with each other than that.
LEAST = 0.02

RULE = ("A result counts as changed if its interval from the minimum to the median of the rounds does not overlap the "
        f"old one's, and the minima differ by at least {LEAST * 100:.0f} %. All else is noise.")


def key(line):
    return line["part"], line["kernel"], line["variant"], line["size"], line["runtime"], line["workers"]


def verdict(old, new):
    """Returns: -1 faster, 1 slower, 0 within the noise."""
    if new["median"] < old["min"] and new["min"] < old["min"] * (1 - LEAST):
        return -1
    if new["min"] > old["median"] and new["min"] > old["min"] * (1 + LEAST):
        return 1
    return 0


class Changes:
    """faster and slower: (ratio of the minima, old line, new line)."""

    def __init__(self, old, new, name):
        self.name = name
        self.old = old
        self.faster = []
        self.slower = []
        self.compared = 0
        self.serial = [0, 0]  # changed, compared
        before = {key(line): line for line in old.lines if "seconds" in line and "failed" not in line}
        for line in new.lines:
            match = before.get(key(line))
            if match and "seconds" in line and "failed" not in line:
                self.add(match, line)
        # skua's first: the others change only if the machine or their packages do.
        self.faster.sort(key=lambda change: (change[2]["runtime"] != "skua", change[0]))
        self.slower.sort(key=lambda change: (change[2]["runtime"] != "skua", -change[0]))
        self.notes = self.doubts(old, new)

    def add(self, old, new):
        way = verdict(old["seconds"], new["seconds"])
        ratio = new["seconds"]["min"] / old["seconds"]["min"]
        if new["runtime"] == "serial":
            self.serial[0] += way != 0
            self.serial[1] += 1
            return
        self.compared += 1
        if way < 0:
            self.faster.append((ratio, old, new))
        elif way > 0:
            self.slower.append((ratio, old, new))

    def doubts(self, old, new):
        notes = []
        for what, field in (("processor", "machine"), ("topology", "topology"), ("system", "system")):
            if old.machine(field) != new.machine(field):
                notes.append(f"Another {what}: then {old.machine(field)}, now {new.machine(field)}.")
        changed, compared = self.serial
        if changed:
            notes.append(f"{changed} of {compared} serial programs changed too, which skua has no part in: the machine "
                         "or the compiler is not what it was, and the changes here may have the same cause.")
        return notes

    def headline(self):
        return (f"Against {self.name} (commit {self.old.machine('commit')}): {len(self.faster)} faster, "
                f"{len(self.slower)} slower, {self.compared - len(self.faster) - len(self.slower)} within the noise")
