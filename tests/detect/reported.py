#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program with a planted error is reported by a tool, each time that it is run.

usage: reported.py <times> <words in the report> [<variable>=<value> ...] -- <command ...>

The command must fail, and say the words (several, separated by |), in each of the runs. With the words `nothing` it
must end with 0 and not say ERROR or WARNING. A command that is not there is skipped (exit status 77).
"""
import os
import shutil
import subprocess
import sys

split = sys.argv.index("--")
times, words, settings = int(sys.argv[1]), sys.argv[2].split("|"), sys.argv[3:split]
command = sys.argv[split + 1:]
if not shutil.which(command[0]):
    print(f"skipped: there is no {command[0]}")
    sys.exit(77)

environment = os.environ | dict(setting.split("=", 1) for setting in settings)
good = 0
for _ in range(times):
    run = subprocess.run(command, env=environment, text=True, errors="replace", stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=100)
    if words == ["nothing"]:
        good_run = run.returncode == 0 and "ERROR:" not in run.stdout and "WARNING:" not in run.stdout
    else:
        good_run = run.returncode != 0 and all(word in run.stdout for word in words)
    good += good_run
    if not good_run:
        print(f"exit status {run.returncode}, and it said:\n{run.stdout}")
print(f"{'silent' if words == ['nothing'] else 'reported'} in {good} of {times} runs")
sys.exit(good != times)
