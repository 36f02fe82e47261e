/* SPDX-License-Identifier: Apache-2.0 */
/* heat under OpenMP: one parallel region, and a barrier after each step. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
#pragma omp parallel
	{
		openmp_range mine = openmp_mine(1, heat_rows_end());
		for (unsigned step = 0; step < HEAT_STEPS; step++) {
			heat_step grids = heat_at(step);
			heat_leaf(mine.begin, mine.end, &grids);
#pragma omp barrier
		}
	}
	return 0;
}
