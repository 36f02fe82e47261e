// SPDX-License-Identifier: Apache-2.0
// kmeans under oneTBB: the form of parallel_reduce that adds in place, since a partial result has 640 bytes.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_reduce.h>

KERNEL("tbb");

namespace
{

struct reduction {
	kmeans_sums sums = {};

	reduction() = default;
	reduction(reduction &, tbb::split)
	{
	}
	void operator()(const tbb::blocked_range<size_t> &range)
	{
		kmeans_leaf(range.begin(), range.end(), &sums, nullptr);
	}
	void join(const reduction &right)
	{
		kmeans_merge(&sums, &right.sums);
	}
};

} // namespace

uint64_t kernel_run(const kernel_params *params)
{
	arena().execute([=] {
		for (unsigned round = 0; round < KMEANS_ROUNDS; round++) {
			reduction all;
			tbb::parallel_reduce(tbb::blocked_range<size_t>(0, static_cast<size_t>(params->size)), all);
			kmeans_move(&all.sums);
		}
	});
	return 0;
}
