# SPDX-License-Identifier: Apache-2.0
"""Reading a file at random, from the system's cache and from the disk."""
import pathlib
import tempfile

from . import processes

READERS = {"skua": ("file-skua", {"SKUA_IO": ""}), "skua-epoll": ("file-skua", {"SKUA_IO": "epoll"}),
           "threads": ("file-threads", {}), "libuv": ("file-libuv", {})}


def run(plan, programs, results):
    found = programs.present("file", {name: program for name, (program, _) in READERS.items()}, results)
    with tempfile.TemporaryDirectory(dir=programs.build) as where:
        path = pathlib.Path(where) / "file"
        processes.output([programs.path("file-threads"), "make", path, plan.file_bytes], processes.cores_for(1), "make")
        for block in plan.blocks:
            for workers in plan.workers:
                for cold in ([], ["cold"]):
                    measure(plan, found, results, (path, block, workers, cold))


def measure(plan, found, results, how):
    path, block, workers, cold = how
    seen = {name: [] for name in found}
    for name in processes.in_turn(found, plan.rounds):
        environment = {**READERS[name][1], "UV_THREADPOOL_SIZE": str(plan.depth if cold else workers)}
        environment = {key: value for key, value in environment.items() if value}
        try:
            text, _ = processes.output([found[name], path, block, plan.depth, plan.passes, workers, *cold],
                                       processes.cores_for(workers), f"file {name}", environment)
            size, *times = map(int, text.split())
            seen[name].append(size / 1e6 / (min(times) / 1e9))
        except processes.Failure as failure:
            results.fail(failure)
    for name, values in seen.items():
        if values:
            results.add("file", f"{block >> 10} KiB {'cold' if cold else 'cached'}", name, "MB/s", values,
                        workers=workers, depth=plan.depth)
