/* SPDX-License-Identifier: Apache-2.0 */
/* idle under OpenMP. */
#include "problem.h"

KERNEL("openmp");

static long fib(int n)
{
	if (n < 2)
		return n;
	long x;
#pragma omp task shared(x) firstprivate(n)
	x = fib(n - 1);
	long y = fib(n - 2);
#pragma omp taskwait
	return x + y;
}

uint64_t kernel_run(const kernel_params *params)
{
	long result = 0;
#pragma omp parallel
#pragma omp single
	result = fib(IDLE_FIB);
	idle_sleep(params);
	return (uint64_t)result;
}
