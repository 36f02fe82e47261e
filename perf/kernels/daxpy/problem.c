/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = y + a x on vectors of size doubles, DAXPY_TIMES times: loops of less than a millisecond over the same data, so
 * the start and the end of a loop show, and whether its data are still in the cache of the worker that had them last.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "daxpy";

static const double factor = 0.25;

static double *x;
static double *y;
static double *first; /* what y is before a run */
static size_t count;

void daxpy_leaf(size_t begin, size_t end, void *arg)
{
	double *restrict to = y;
	const double *restrict from = x;
	(void)arg;
	for (size_t i = begin; i < end; i++)
		to[i] += factor * from[i];
}

void kernel_setup(const kernel_params *params)
{
	if (!x) {
		count = (size_t)params->size;
		x = kernel_memory(count, sizeof(*x));
		y = kernel_memory(count, sizeof(*y));
		first = kernel_memory(count, sizeof(*first));
		for (size_t i = 0; i < count; i++) {
			x[i] = 1 / (double)(i + 1);
			first[i] = (double)i;
		}
	}
	memcpy(y, first, count * sizeof(*y));
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return kernel_hash(y, count * sizeof(*y));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
