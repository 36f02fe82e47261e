/* SPDX-License-Identifier: Apache-2.0 */
/* kmeans under OpenMP: one parallel region, and two barriers in each round. */
#include "problem.h"

#include "../../harness/openmp.h"

#include <string.h>

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	kmeans_sums all = { 0 };
#pragma omp parallel
	{
		openmp_range mine = openmp_mine(0, (size_t)params->size);
		for (unsigned round = 0; round < KMEANS_ROUNDS; round++) {
			kmeans_sums sums = { 0 };
			kmeans_leaf(mine.begin, mine.end, &sums, NULL);
#pragma omp critical
			kmeans_merge(&all, &sums);
#pragma omp barrier
#pragma omp single
			{
				kmeans_move(&all);
				memset(&all, 0, sizeof(all));
			}
		}
	}
	return 0;
}
