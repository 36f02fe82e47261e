/* SPDX-License-Identifier: Apache-2.0 */
/* blackscholes under OpenMP. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
#pragma omp parallel
	{
		openmp_range mine = openmp_mine(0, (size_t)params->size);
		blackscholes_leaf(mine.begin, mine.end, NULL);
	}
	return 0;
}
