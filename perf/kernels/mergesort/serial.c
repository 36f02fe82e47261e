/* SPDX-License-Identifier: Apache-2.0 */
/* mergesort, plain C: the merges are not divided, since a serial program has no reason to. */
#include "problem.h"

KERNEL("serial");

static void sort(sort_job job)
{
	if (job.count <= SORT_LEAF) {
		sort_leaf(&job);
		return;
	}
	sort_job left;
	sort_job right;
	merge_job merge;
	sort_split(job, &left, &right, &merge);
	sort(left);
	sort(right);
	merge_leaf(&merge);
}

uint64_t kernel_run(const kernel_params *params)
{
	sort((sort_job){ mergesort_data, mergesort_spare, (size_t)params->size, 0 });
	return 0;
}
