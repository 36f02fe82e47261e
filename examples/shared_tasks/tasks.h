/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that several source files use. SKUA_TASK_DECLARE does for a task what a prototype does for a function; it holds
 * the spawn and the sync too, so that they cost here what they cost in the file that defines the task.
 */
#ifndef SKUA_EXAMPLES_SHARED_TASKS_H
#define SKUA_EXAMPLES_SHARED_TASKS_H

#include <skua/skua.h>

/* How many primes there are from first to end - 1. */
SKUA_TASK_DECLARE(int, primes, int, first, int, end);

/* How many p there are from first to end - 1 such that p and p + 2 are prime. */
SKUA_TASK_DECLARE(int, twins, int, first, int, end);

#endif
