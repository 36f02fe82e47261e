/* SPDX-License-Identifier: Apache-2.0 */
/* kmeans, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned round = 0; round < KMEANS_ROUNDS; round++) {
		kmeans_sums sums = { 0 };
		kmeans_leaf(0, (size_t)params->size, &sums, NULL);
		kmeans_move(&sums);
	}
	return 0;
}
