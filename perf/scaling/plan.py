# SPDX-License-Identifier: Apache-2.0
"""What a report measures: a list of steps, each one call of skua-bench."""
import dataclasses
import os
import pathlib

from .run import Problem

# All runtimes at one size, which the slowest of them finishes in seconds; None is the size of skua-bench.
FULL = {"fib": 32, "nqueens": None, "uts_t1": None, "uts_t3": None, "mergesort": None, "matmul": None, "cholesky": None,
        "heat": None, "nbody": None, "mandelbrot": None, "spmv": None}
SHORT = {"fib": 30, "nqueens": 11, "mergesort": 1000000, "matmul": 512}
TINY = {"fib": 15, "mergesort": 20000}

# Nanoseconds of a task.
GRANULARITY = [2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 1000000]
GRANULARITY_SHORT = [3, 10, 30, 100, 300, 1000, 3000, 10000, 100000, 1000000]
GRANULARITY_TINY = [10, 10000]

# Doubles in a loop.
LAUNCH = [100, 300, 1000, 3000, 10000, 30000, 100000, 300000, 1000000, 3000000, 10000000]
LAUNCH_SHORT = [100, 1000, 10000, 100000, 1000000, 10000000]
LAUNCH_TINY = [100, 10000]
# OpenMP has one way to run such a loop, so it is measured once; plain serial C is measured beside each.
LAUNCH_VARIANTS = {"launch": None, "launch_static": ("skua", "tbb"), "launch_task": ("skua",)}


@dataclasses.dataclass
class Step:
    part: str  # "scaling", "granularity" or "launch": which chart it belongs to
    kernel: str
    size: int  # 0: skua-bench's own
    workers: list
    runtimes: list
    rounds: int
    label: str
    environment: dict

    def arguments(self):
        size = ["--size", str(self.size)] if self.size else []
        return ["--kernel", self.kernel, *size, "--workers", ",".join(map(str, self.workers)), "--rounds",
                str(self.rounds), "--runtime", ",".join(["serial", *self.runtimes]), "--json", "-"]


def usable_cores():
    """Cores of which at least one hardware thread may be used."""
    usable = os.sched_getaffinity(0)
    cores = set()
    for cpu in usable:
        siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text() if siblings.exists() else cpu)
    return len(cores)


def default_workers():
    most = usable_cores()
    counts = [1]
    while counts[-1] * 2 < most:
        counts.append(counts[-1] * 2)
    return counts if most == 1 else [*counts, most]


def duration(ns):
    for unit, factor in (("ms", 1e6), ("µs", 1e3)):
        if ns >= factor:
            return f"{ns / factor:g} {unit}"
    return f"{ns:g} ns"


def scaling_steps(arguments, bench, workers, runtimes, rounds):
    sizes = TINY if arguments.tiny else SHORT if arguments.short else FULL
    names = list(sizes)
    if arguments.kernels:
        names = [] if arguments.kernels == "none" else arguments.kernels.split(",")
    for name in names:
        if name not in bench.built:
            if not arguments.kernels:
                continue
            if name in bench.kernels:
                raise Problem(f"the kernel '{name}' is not built, or has no serial program to compare with")
            raise Problem(f"there is no kernel '{name}'; {bench.program} --list names them")
        size = sizes.get(name) or FULL.get(name) or bench.kernels[name].size
        yield Step("scaling", name, size, workers, runtimes, rounds, f"{name} {size}", {})


def granularity_steps(arguments, workers, runtimes, rounds):
    most = workers[-1]
    sizes = GRANULARITY_TINY if arguments.tiny else GRANULARITY_SHORT if arguments.short else GRANULARITY
    total_ms = 1 if arguments.tiny else 16 * most  # what each worker has to do stays the same
    for size in sizes:
        yield Step("granularity", "granularity", size, [most], runtimes, rounds, f"tasks of {duration(size)}",
                   {"GRANULARITY_MS": str(total_ms)})


def launch_steps(arguments, bench, workers, runtimes, rounds):
    most = workers[-1]
    sizes = LAUNCH_TINY if arguments.tiny else LAUNCH_SHORT if arguments.short else LAUNCH
    for size in sizes:
        for kernel, only in LAUNCH_VARIANTS.items():
            chosen = [runtime for runtime in runtimes if not only or runtime in only]
            if kernel in bench.built and chosen:
                how = {"launch": "", "launch_static": ", static schedule", "launch_task": ", from a task"}[kernel]
                yield Step("launch", kernel, size, [most], chosen, rounds, f"loops of {size} doubles{how}", {})


def steps(arguments, bench):
    workers = arguments.workers or default_workers()
    rounds = arguments.rounds or (2 if arguments.tiny else 3 if arguments.short else 10)
    few = arguments.rounds or (2 if arguments.tiny else 3 if arguments.short else 5)
    runtimes = arguments.runtimes.split(",") if arguments.runtimes else bench.runtimes
    for runtime in runtimes:
        if runtime not in ("skua", "openmp-gcc", "openmp-llvm", "tbb"):
            raise Problem(f"there is no runtime '{runtime}': skua, openmp-gcc, openmp-llvm, tbb")
    found = list(scaling_steps(arguments, bench, workers, runtimes, rounds))
    if not arguments.no_granularity and "granularity" in bench.built:
        found += granularity_steps(arguments, workers, runtimes, few)
    if not arguments.no_launch:
        found += launch_steps(arguments, bench, workers, runtimes, few)
    if not found:
        raise Problem("nothing to measure is left")
    return found
