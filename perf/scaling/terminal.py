# SPDX-License-Identifier: Apache-2.0
"""The summary for the terminal."""
from . import compare, derive
from .run import NAMES, workers_text

SHOWN = 12  # changes of each kind


def speedups(results):
    most = results.most_workers()
    runtimes = results.runtimes("scaling")
    print(f"\nSpeed-up over serial C on {workers_text(most)} (and time over serial on 1):")
    print(f"  {'':20}{'serial C':>10}" + "".join(f"{NAMES[runtime]:>18}" for runtime in runtimes))
    for kernel in results.kernels("scaling"):
        serial = results.best("scaling", kernel=kernel, runtime="serial")
        size = results.select("scaling", kernel=kernel)[0]["size"]
        row = f"  {kernel + ' ' + str(size):20}{derive.seconds(serial) if serial else '-':>10}"
        for runtime in runtimes:
            speedup = results.speedup(kernel, runtime, most)
            one = results.speedup(kernel, runtime, 1)
            cell = f"{derive.times(speedup)}x" if speedup else "-"
            row += f"{cell + (f' ({derive.times(1 / one)}x)' if one else ''):>18}"
        print(row)


def granularity(results):
    print(f"\nShortest task with 50 % efficiency on {workers_text(results.most_workers())} (METG):")
    for runtime in results.runtimes("granularity"):
        found = derive.metg(derive.granularity(results, runtime))
        if found:
            print(f"  {NAMES[runtime]:20}{derive.metg_text(found):>16}")


def loops(results):
    sizes = results.sizes("launch")
    print(f"\nTime of one daxpy loop on {workers_text(results.most_workers())}, by its number of doubles:")
    print(f"  {'':20}" + "".join(f"{size:>12,}" for size in sizes))
    serial = {size: time_s for size, _, time_s in derive.loops(results, "serial", ["main"])}
    print(f"  {'serial C':20}" + "".join(f"{derive.seconds(serial[s]) if s in serial else '-':>12}" for s in sizes))
    for name, runtime, variants in derive.LOOPS:
        found = {size: time_s for size, _, time_s in derive.loops(results, runtime, variants)}
        if found:
            print(f"  {name:20}" + "".join(f"{derive.seconds(found[s]) if s in found else '-':>12}" for s in sizes))


def describe(line):
    workers = "" if line["runtime"] == "serial" else f", {workers_text(line['workers'])}"
    return f"{line['kernel']} {line['size']}, {NAMES[line['runtime']]}{workers}"


def change(ratio, old, new):
    return (f"{describe(new):48}{derive.seconds(old['seconds']['min']):>10} -> "
            f"{derive.seconds(new['seconds']['min']):>8}  {(ratio - 1) * 100:+.0f} %")


def changes(found):
    print(f"\n{found.headline()}.")
    print(f"({compare.RULE})")
    for note in found.notes:
        print(f"  Note: {note}")
    for title, rows in (("slower", found.slower), ("faster", found.faster)):
        for row in rows[:SHOWN]:
            print(f"  {title}: {change(*row)}")
        if len(rows) > SHOWN:
            print(f"  {title}: {len(rows) - SHOWN} more, on the page")


def summary(results, found):
    if results.select("scaling"):
        speedups(results)
    if results.select("granularity"):
        granularity(results)
    if results.select("launch"):
        loops(results)
    if found:
        changes(found)
    for line in results.failures():
        print(f"FAILED: {describe(line)}: {line['failed']}")
