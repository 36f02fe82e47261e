/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgemm under OpenMP, in one parallel region. The tiles cost half a millisecond, so a dynamic schedule is free and
 * mends what the last round of tiles leaves uneven.
 */
#include "problem.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	size_t panels = dgemm_panels();
	size_t tiles = dgemm_tiles();
	(void)params;
#pragma omp parallel
	{
#pragma omp for schedule(static)
		for (size_t panel = 0; panel < panels; panel++)
			dgemm_pack(panel, panel + 1, NULL);
#pragma omp for schedule(dynamic) collapse(2)
		for (size_t row = 0; row < tiles; row++)
			for (size_t column = 0; column < tiles; column++)
				dgemm_multiply(row, row + 1, column, column + 1, NULL);
	}
	return 0;
}
