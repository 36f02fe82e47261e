/* SPDX-License-Identifier: Apache-2.0 */
/* nbody under OpenMP: one parallel region, and a barrier after each step. */
#include "problem.h"

#include "../../harness/openmp.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
#pragma omp parallel
	{
		openmp_range mine = openmp_mine(0, (size_t)params->size);
		for (unsigned step = 0; step < NBODY_STEPS; step++) {
			nbody_step sets = nbody_at(step);
			nbody_leaf(mine.begin, mine.end, &sets);
#pragma omp barrier
		}
	}
	return 0;
}
