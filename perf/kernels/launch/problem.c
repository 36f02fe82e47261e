/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to start a parallel loop and to wait for it: daxpy loops over size doubles, one right after the other.
 * Variants: "main", the main thread starts the loops; "static", the same with the runtime's static schedule; "task", a
 * task starts them. `each task` is the time of one loop. The driver sets OMP_WAIT_POLICY=active, which is best for
 * loops that follow each other so closely.
 *
 * The elements are small integers, so that sums are exact: after all loops so far each y[i] must be their number times
 * x[i], and nothing is set back between runs. In the first run, which is not counted, the body writes these values
 * instead of adding, so that each page is first touched by who works on it.
 */
#include "problem.h"

#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "launch";

enum {
	ELEMENTS = 20000000, /* of all loops of a run together, */
	LOOPS_MIN = 10,
	LOOPS_MAX = 2000 /* but for these bounds */
};

double launch_factor = 1;

static double *x;
static double *y;
static size_t count;
static long loops;
static long loops_done; /* before this run */
static int filling;     /* this is the first run */

static double element(size_t i)
{
	return (double)(1 + i % 16);
}

void kernel_setup(const kernel_params *params)
{
	if (x)
		return;
	if (params->size < 1 || params->size > 100000000)
		kernel_fail("size %ld is not from 1 to 100000000", params->size);
	count = (size_t)params->size;
	loops = ELEMENTS / params->size;
	loops = loops > LOOPS_MAX ? LOOPS_MAX : loops;
	loops = loops < LOOPS_MIN ? LOOPS_MIN : loops;
	x = calloc(count, sizeof(*x));
	y = calloc(count, sizeof(*y));
	if (!x || !y)
		kernel_fail("no memory for twice %zu doubles", count);
	filling = 1;
}

long launch_loops(void)
{
	return loops;
}

int launch_is_static(const kernel_params *params)
{
	return strcmp(params->variant, "static") == 0;
}

int launch_is_in_task(const kernel_params *params)
{
	return strcmp(params->variant, "task") == 0;
}

void launch_daxpy(size_t begin, size_t end)
{
	const double *restrict from = x;
	double *restrict to = y;
	double a = launch_factor;
	if (filling) {
		for (size_t i = begin; i < end; i++) {
			x[i] = element(i);
			y[i] = (double)loops * element(i);
		}
		return;
	}
	for (size_t i = begin; i < end; i++)
		to[i] += a * from[i];
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	filling = 0;
	loops_done += loops;
	for (size_t i = 0; i < count; i++)
		if (y[i] != (double)loops_done * element(i))
			kernel_fail("element %zu is %g after %ld loops", i, y[i], loops_done);
	return (uint64_t)loops;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return (uint64_t)loops;
}
