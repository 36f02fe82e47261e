/* SPDX-License-Identifier: Apache-2.0 */
/* granularity under OpenMP. */
#include "problem.h"

KERNEL("openmp");

static uint64_t range(long begin, long end)
{
	if (end - begin == 1)
		return granularity_work(begin);
	long middle = begin + (end - begin) / 2;
	uint64_t left;
#pragma omp task shared(left) firstprivate(begin, middle)
	left = range(begin, middle);
	uint64_t right = range(middle, end);
#pragma omp taskwait
	return left + right;
}

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t result = 0;
	(void)params;
#pragma omp parallel
#pragma omp single
	result = range(0, granularity_tasks());
	return result;
}
