/* SPDX-License-Identifier: Apache-2.0 */
/* flat under OpenMP. Its tasks have no results; here they do nothing at all. */
#include "../../harness/kernel.h"

KERNEL("openmp");

static void produce(long count)
{
	for (long i = 0; i < count; i++) {
#pragma omp task firstprivate(i)
		__asm__ volatile("" : : "r"(i));
	}
#pragma omp taskwait
}

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t count = (uint64_t)params->size;
#pragma omp parallel
#pragma omp single
	produce(params->size);
	return count * (count - 1) / 2;
}
