# SPDX-License-Identifier: Apache-2.0
"""What follows from the results: efficiency over the length of tasks with METG, and the price of loops."""
import math

# The efficiency that METG asks for.
HALF = 0.5


def granularity(results, runtime):
    """Returns: [(length of a task in ns, efficiency)], by length. The length is what the serial program measured."""
    points = []
    for size in results.sizes("granularity"):
        serial = next(iter(results.select("granularity", size=size, runtime="serial")), None)
        line = next(iter(results.select("granularity", size=size, runtime=runtime)), None)
        if serial and line:
            efficiency = serial["seconds"]["min"] / (line["workers"] * line["seconds"]["min"])
            points.append((serial["ns_per_task"], efficiency))
    return sorted(points)


def metg(points):
    """The shortest task at which efficiency reaches HALF, interpolated on the logarithm of the length.

    Returns: (how, ns): "at" with the length, "below" the shortest one measured, "above" the longest one; None of none.
    """
    if not points:
        return None
    if points[0][1] >= HALF:
        return "below", points[0][0]
    for (short, low), (long, high) in zip(points, points[1:]):
        if high >= HALF:
            share = (HALF - low) / (high - low)
            return "at", math.exp(math.log(short) + share * (math.log(long) - math.log(short)))
    return "above", points[-1][0]


# The curves of the loops: (how it is named, runtime, the variants of which the best counts).
LOOPS = [
    ("skua", "skua", ["main"]),
    ("skua, static", "skua", ["static"]),
    ("skua, in a task", "skua", ["task"]),
    ("OpenMP (gcc)", "openmp-gcc", ["main"]),
    ("OpenMP (LLVM)", "openmp-llvm", ["main"]),
    ("oneTBB", "tbb", ["main", "static"]),
]


def loops(results, runtime, variants):
    """Returns: [(doubles in a loop, time over serial, seconds of a loop)], by size."""
    points = []
    for size in results.sizes("launch"):
        best = None
        for variant in variants:
            # Over the serial program of the same rounds.
            serial = next(iter(results.select("launch", size=size, variant=variant, runtime="serial")), None)
            line = next(iter(results.select("launch", size=size, variant=variant, runtime=runtime)), None)
            if serial and line:
                found = (line["seconds"]["min"] / serial["seconds"]["min"], line["ns_per_task"] / 1e9)
                best = min(best, found) if best else found
        if best:
            points.append((size, *best))
    return points


def seconds(value):
    """A time in the unit that suits it, with three digits."""
    for unit, factor in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= factor * 0.9995:
            return f"{value / factor:.3g} {unit}" if value < factor * 999.5 else f"{value / factor:.0f} {unit}"
    return f"{value * 1e9:.3g} ns"


def metg_text(found):
    how, ns = found
    return {"at": "", "below": "below ", "above": "above "}[how] + seconds(ns * 1e-9)


def times(value):
    """A factor: 0.012, 0.53, 12.3, 140."""
    return f"{value:.2g}" if value < 0.1 else f"{value:.2f}" if value < 9.995 else f"{value:.3g}"
