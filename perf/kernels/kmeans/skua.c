/* SPDX-License-Identifier: Apache-2.0 */
/* kmeans under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

static void merge(void *into, const void *from, void *arg)
{
	(void)arg;
	kmeans_merge(into, from);
}

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned round = 0; round < KMEANS_ROUNDS; round++) {
		kmeans_sums sums = { 0 };
		skua_reduce(0, (size_t)params->size, &sums, sizeof(sums), kmeans_leaf, merge, NULL);
		kmeans_move(&sums);
	}
	return 0;
}
