/* SPDX-License-Identifier: Apache-2.0 */
/* startstop under OpenMP: omp_pause_resource_all ends the threads, the next region makes new ones. */
#include "../../harness/kernel.h"

#include <omp.h>

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	long count = 0;
	for (long i = 0; i < params->size; i++) {
		omp_pause_resource_all(omp_pause_hard);
#pragma omp parallel
#pragma omp single
		{
#pragma omp task shared(count)
			count += 1;
#pragma omp taskwait
		}
	}
	return (uint64_t)count;
}
