/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For OpenMP's loops with schedule(runtime): the schedule that suits the kernel best, unless the user asks for another
 * one by OMP_SCHEDULE. Its unit is a block of iterations, one call of the leaf, whose length the kernel's problem.h
 * tells. Called by the main thread, in kernel_run: the price is a look at the environment.
 */
#ifndef PERF_SCHEDULE_H
#define PERF_SCHEDULE_H

#include <omp.h>
#include <stdlib.h>

static inline void schedule_best(omp_sched_t kind, int chunk)
{
	if (!getenv("OMP_SCHEDULE"))
		omp_set_schedule(kind, chunk);
}

#endif
