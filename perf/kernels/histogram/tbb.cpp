// SPDX-License-Identifier: Apache-2.0
// histogram under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <array>

KERNEL("tbb");

typedef std::array<uint64_t, HISTOGRAM_BINS> histogram;

uint64_t kernel_run(const kernel_params *params)
{
	arena().execute([=] {
		tbb::enumerable_thread_specific<histogram> bins(histogram{});
		tbb::parallel_for(tbb::blocked_range<size_t>(0, static_cast<size_t>(params->size)),
		                  [&](const tbb::blocked_range<size_t> &range) {
			                  histogram_leaf(range.begin(), range.end(), bins.local().data());
		                  });
		for (const histogram &each : bins)
			histogram_merge(histogram_counts(), each.data());
	});
	return 0;
}
