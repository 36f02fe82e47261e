/* SPDX-License-Identifier: Apache-2.0 */
/* mergesort under OpenMP. */
#include "problem.h"

KERNEL("openmp");

static void merge(merge_job job)
{
	if (job.a_count + job.b_count <= MERGE_LEAF) {
		merge_leaf(&job);
		return;
	}
	merge_job left;
	merge_job right;
	merge_split(job, &left, &right);
#pragma omp task firstprivate(left)
	merge(left);
	merge(right);
#pragma omp taskwait
}

static void sort(sort_job job)
{
	if (job.count <= SORT_LEAF) {
		sort_leaf(&job);
		return;
	}
	sort_job left;
	sort_job right;
	merge_job together;
	sort_split(job, &left, &right, &together);
#pragma omp task firstprivate(left)
	sort(left);
	sort(right);
#pragma omp taskwait
	merge(together);
}

uint64_t kernel_run(const kernel_params *params)
{
#pragma omp parallel
#pragma omp single
	sort((sort_job){ mergesort_data, mergesort_spare, (size_t)params->size, 0 });
	return 0;
}
