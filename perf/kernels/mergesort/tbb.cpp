// SPDX-License-Identifier: Apache-2.0
// mergesort under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/parallel_invoke.h>

KERNEL("tbb");

static void merge(const merge_job &job)
{
	if (job.a_count + job.b_count <= MERGE_LEAF) {
		merge_leaf(&job);
		return;
	}
	merge_job left;
	merge_job right;
	merge_split(job, &left, &right);
	tbb::parallel_invoke([&] { merge(left); }, [&] { merge(right); });
}

static void sort(const sort_job &job)
{
	if (job.count <= SORT_LEAF) {
		sort_leaf(&job);
		return;
	}
	sort_job left;
	sort_job right;
	merge_job together;
	sort_split(job, &left, &right, &together);
	tbb::parallel_invoke([&] { sort(left); }, [&] { sort(right); });
	merge(together);
}

uint64_t kernel_run(const kernel_params *params)
{
	arena().execute([=] { sort({ mergesort_data, mergesort_spare, static_cast<size_t>(params->size), 0 }); });
	return 0;
}
