/* SPDX-License-Identifier: Apache-2.0 */
/* histogram under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

static void fill(size_t begin, size_t end, void *bins)
{
	histogram_leaf(begin, end, skua_local_mine(bins));
}

static void merge(void *instance, void *counts)
{
	histogram_merge(counts, instance);
}

uint64_t kernel_run(const kernel_params *params)
{
	skua_local *bins = skua_local_create(HISTOGRAM_BINS * sizeof(uint64_t), NULL, NULL);
	if (!bins)
		kernel_fail("no memory for the bins");
	skua_for(0, (size_t)params->size, fill, bins);
	skua_local_each(bins, merge, histogram_counts());
	skua_local_destroy(bins);
	return 0;
}
