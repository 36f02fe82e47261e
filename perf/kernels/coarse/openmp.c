/* SPDX-License-Identifier: Apache-2.0 */
/* coarse under OpenMP. */
#include "problem.h"

KERNEL("openmp");

static uint64_t spawner(const kernel_params *params)
{
	uint64_t part[COARSE_SPAWNED];
	for (unsigned i = 0; i < COARSE_SPAWNED; i++) {
		uint64_t *result = &part[i];
#pragma omp task firstprivate(i, result)
		*result = coarse_task(params, i);
	}
	uint64_t sum = coarse_call(params);
#pragma omp taskwait
	for (unsigned i = 0; i < COARSE_SPAWNED; i++)
		sum += part[i];
	return sum;
}

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t result = 0;
#pragma omp parallel
#pragma omp single
	result = spawner(params);
	return result;
}
