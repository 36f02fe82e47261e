# SPDX-License-Identifier: Apache-2.0
"""Small operations of await.h and sync.h beside the same ones in Go."""
from . import plan as plans
from . import processes


def run(plan, programs, results):
    found = programs.present("micro", {"skua": "../await-micro", "go": "micro-go"}, results)
    for what, count in plans.MICRO.items():
        rounds = min(plan.micro_rounds, 2) if what == "sleepers" else plan.micro_rounds
        for workers in plan.workers:
            seen = {name: [] for name in found if name == "skua" or what != "switch"}  # Go shows no fiber alone
            for name in processes.in_turn(seen, rounds):
                try:
                    seen[name].append(one(name, found[name], what, max(1, int(count * plan.micro_part)), workers))
                except processes.Failure as failure:
                    results.fail(failure)
            for name, runs in seen.items():
                if runs:
                    # A process begins with the memory of the one that made it, some 14 MB: told only where it is more.
                    memory = {"memory_mb": [memory for _, memory in runs]} if what == "sleepers" else {}
                    results.add("micro", what, name, "ms" if what == "sleepers" else "ns", [time for time, _ in runs],
                                workers=workers, **memory)


def one(name, program, what, count, workers):
    environment = {"SKUA_WORKERS": str(workers), "GOMAXPROCS": str(workers)}
    text, memory = processes.output([program, what, count], processes.cores_for(workers), f"micro {what} {name}",
                                    environment)
    return float(text), memory
