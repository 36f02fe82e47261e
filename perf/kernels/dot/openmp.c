/* SPDX-License-Identifier: Apache-2.0 */
/* dot under OpenMP. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	double sum = 0;
#pragma omp parallel reduction(+ : sum)
	{
		openmp_range mine = openmp_mine(0, (size_t)params->size);
		dot_leaf(mine.begin, mine.end, &sum, NULL);
	}
	return dot_bits(sum);
}
