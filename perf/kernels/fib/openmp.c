/* SPDX-License-Identifier: Apache-2.0 */
/* fib under OpenMP: one task and one call for each fork, as under skua. */
#include "../../harness/kernel.h"

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
	result = fib((int)params->size);
	return (uint64_t)result;
}
