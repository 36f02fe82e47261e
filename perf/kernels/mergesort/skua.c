/* SPDX-License-Identifier: Apache-2.0 */
/* mergesort under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(void, merge, merge_job, job)
{
	if (job.a_count + job.b_count <= MERGE_LEAF) {
		merge_leaf(&job);
		return;
	}
	merge_job left;
	merge_job right;
	merge_split(job, &left, &right);
	SKUA_SPAWN(merge, left);
	SKUA_CALL(merge, right);
	SKUA_SYNC(merge);
}

SKUA_TASK(void, sort, sort_job, job)
{
	if (job.count <= SORT_LEAF) {
		sort_leaf(&job);
		return;
	}
	sort_job left;
	sort_job right;
	merge_job together;
	sort_split(job, &left, &right, &together);
	SKUA_SPAWN(sort, left);
	SKUA_CALL(sort, right);
	SKUA_SYNC(sort);
	SKUA_CALL(merge, together);
}

uint64_t kernel_run(const kernel_params *params)
{
	sort_job all = { mergesort_data, mergesort_spare, (size_t)params->size, 0 };
	SKUA_RUN(sort, all);
	return 0;
}
