/* SPDX-License-Identifier: Apache-2.0 */
/* smith_waterman under OpenMP, with a task for each tile and dependences between them. */
#include "problem.h"

KERNEL("openmp");

static void wavefront(int tiles)
{
	for (int row = 0; row < tiles; row++) {
		for (int column = 0; column < tiles; column++) {
			char *mine = smith_waterman_mark(row, column);
			char *above = row > 0 ? smith_waterman_mark(row - 1, column) : mine;
			char *left = column > 0 ? smith_waterman_mark(row, column - 1) : mine;
			(void)above; /* gcc does not see their use in the clause */
			(void)left;
#pragma omp task firstprivate(row, column) depend(in : *above, *left) depend(out : *mine)
			smith_waterman_tile(row, column);
		}
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
#pragma omp parallel
#pragma omp single
	wavefront(smith_waterman_tiles());
	return 0;
}
