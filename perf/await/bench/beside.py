# SPDX-License-Identifier: Apache-2.0
"""Fork-join alone, beside connections on which nothing happens, and beside an echo server at work, in one process."""
import contextlib
import json

from . import echo, processes

MODES = ("alone", "idle", "paced", "busy")
RUNS = 5  # in a row, where the connections stay as they are: the first one still finds what their making left behind


@contextlib.contextmanager
def program(programs, kernel, size, workers, port=None):
    command = [programs.path("beside"), kernel, size, workers, *([port] if port else [])]
    with processes.running(command, processes.cores_for(workers), **echo.PIPES) as process:
        if processes.line(process, "beside") != "ready":
            raise processes.Failure("beside: not ready")
        yield process
        process.stdin.close()
        processes.ended(process, "beside")


def once(process):
    """Runs the kernel. Returns milliseconds, and the messages that were echoed meanwhile."""
    process.stdin.write(b"\n")
    took, echoed = map(int, processes.line(process, "beside").split())
    return took / 1e6, echoed


def fastest(process):
    return min(once(process)[0] for _ in range(RUNS))


def under_load(plan, programs, process, port, where):
    """Runs the kernel again and again while the load counts, so that its latencies are those beside the kernel."""
    workers, mode = where
    command = [programs.path("load"), port, plan.busy, plan.seconds, plan.bytes, 1,
               *([plan.pace] if mode == "paced" else [])]
    with processes.running(command, processes.cores_for(1, workers), **echo.PIPES) as load:
        if processes.line(load, "load") != "begin":
            raise processes.Failure("load does not begin")
        runs = []
        while True:
            runs.append(once(process))
            if processes.select.select([load.stdout], [], [], 0)[0]:
                break  # its "end"
        processes.line(load, "load")
        numbers = json.loads(processes.line(load, "load"))
        processes.ended(load, "load")
    whole = runs[:-1] or runs  # the last one ran on after the load had ended
    return min(took for took, _ in whole), numbers


def one_round(plan, programs, processes_, where):
    """One number for each mode."""
    alone, served, port = processes_
    workers, mode = where
    if mode == "alone":
        return fastest(alone), {}
    if mode == "idle":
        with echo.holding(plan, programs, port, plan.idle_connections, workers):
            return fastest(served), {}
    return under_load(plan, programs, served, port, where)


def run(plan, programs, results):
    if not programs.present("beside", {"skua": "beside"}, results):
        return
    for kernel, size in (*plan.kernels, ("none", plan.none_ms)):
        for workers in plan.workers:
            try:
                measure(plan, programs, results, (kernel, size, workers))
            except processes.DoesNotFit as words:
                results.leave_out(f"beside: {words}")
            except processes.Failure as failure:
                results.fail(f"beside {kernel} {workers}: {failure}")


def measure(plan, programs, results, what):
    kernel, size, workers = what
    modes = MODES if kernel != "none" else ("paced", "busy")
    seen = {mode: [] for mode in modes}
    port = processes.free_port()
    with program(programs, kernel, size, workers) as alone, \
            program(programs, kernel, size, workers, port) as served:
        for mode in processes.in_turn(modes, plan.rounds):
            seen[mode].append(one_round(plan, programs, (alone, served, port), (workers, mode)))
    for mode, runs in seen.items():
        more = {key: [numbers[key] for _, numbers in runs] for key in ("per_second", "p50_us", "p99_us", "max_us")
                if key in runs[0][1]}
        results.add("beside", f"{kernel} {size} {mode}", "skua", "ms", [took for took, _ in runs], workers=workers,
                    **more)
