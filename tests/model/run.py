# SPDX-License-Identifier: Apache-2.0
"""Explores all models and prints a table; exits with 1 if a protocol fails or a mutant gets through.

    python3 run.py [--short | --all] [--jobs N] [MODEL ...]

Concept: each model is explored as it is (it must hold) in its short sizes, with --all also in its big ones (minutes
each); and with each of its mutants, deliberate faults that must be found, so that the models are known to see
something. The interleaving of a failure is printed; with MODEL only those models are explored, and what the mutants do
is printed too.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

sys.dont_write_bytecode = True

from explorer import explore
from idle import Idle
from join import Join
from seat import Seat
from suspend_slots import SuspendSlots
from task_stack import TaskStack
from waiter import Waiter

MODELS = {model.name: model for model in (TaskStack, Join, SuspendSlots, Idle, Seat, Waiter)}
ROW = "%-14s %-8s %-32s %9s %7s  %s"


def run_one(job):
    name, size, mutant = job
    begin = time.monotonic()
    result = explore(MODELS[name](size, mutant))
    return job, result, time.monotonic() - begin


def verdict(mutant, result):
    """Whether it is as it should be, and the word for it."""
    if mutant:
        return (True, "caught: " + result.violation) if result.violation else (False, "NOT CAUGHT")
    if result.violation:
        return False, "VIOLATION: " + result.violation
    return (True, "holds") if result.complete else (False, "TOO MANY STATES")


def jobs_of(names, with_big):
    jobs = []
    for name in names:
        model = MODELS[name]
        sizes = model.short_sizes + (model.all_sizes if with_big else ())
        jobs += [(name, size, None) for size in sizes]
        jobs += [(name, size, mutant) for mutant, size in model.mutants.items()]
    return jobs


def main():
    parser = argparse.ArgumentParser(description="Explores the models of the scheduler's protocols.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--short", action="store_true", help="the short sizes only (default)")
    which.add_argument("--all", action="store_true", help="the big sizes too")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    arguments = parser.parse_args()
    unknown = [name for name in arguments.models if name not in MODELS]
    if unknown:
        parser.error("no such model: " + ", ".join(unknown))
    failures = 0
    print(ROW % ("model", "size", "mutant", "states", "seconds", "verdict"))
    with ProcessPoolExecutor(arguments.jobs) as pool:
        jobs = jobs_of(arguments.models or MODELS, arguments.all)
        for (name, size, mutant), result, seconds in pool.map(run_one, jobs):
            is_good, words = verdict(mutant, result)
            print(ROW % (name, size, mutant or "-", result.states, "%.1f" % seconds, words), flush=True)
            if not is_good or (mutant and arguments.models):
                print("\n".join("    " + line for line in result.trace))
            failures += not is_good
    print("%d failed" % failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
