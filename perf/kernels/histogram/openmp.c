/* SPDX-License-Identifier: Apache-2.0 */
/* histogram under OpenMP: a reduction of the array. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t *bins = histogram_counts();
#pragma omp parallel reduction(+ : bins[:HISTOGRAM_BINS])
	{
		openmp_range mine = openmp_mine(0, (size_t)params->size);
		histogram_leaf(mine.begin, mine.end, bins);
	}
	return 0;
}
