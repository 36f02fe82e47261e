/* SPDX-License-Identifier: Apache-2.0 */
/* daxpy under OpenMP: a parallel region for each call, as in a library. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned time = 0; time < DAXPY_TIMES; time++) {
#pragma omp parallel
		{
			openmp_range mine = openmp_mine(0, (size_t)params->size);
			daxpy_leaf(mine.begin, mine.end, NULL);
		}
	}
	return 0;
}
