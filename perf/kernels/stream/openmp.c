/* SPDX-License-Identifier: Apache-2.0 */
/* stream under OpenMP. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	stream_leaf leaf = stream_loop(params);
#pragma omp parallel
	{
		openmp_range mine = openmp_mine(0, (size_t)params->size);
		leaf(mine.begin, mine.end, NULL);
	}
	return 0;
}
