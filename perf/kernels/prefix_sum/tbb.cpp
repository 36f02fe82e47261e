// SPDX-License-Identifier: Apache-2.0
// prefix_sum under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_scan.h>

#include <functional>

KERNEL("tbb");

uint64_t kernel_run(const kernel_params *params)
{
	arena().execute([=] {
		tbb::parallel_scan(
		        tbb::blocked_range<size_t>(0, static_cast<size_t>(params->size)), int64_t{ 0 },
		        [](const tbb::blocked_range<size_t> &range, int64_t sum, bool is_final) {
			        (is_final ? prefix_sum_scan : prefix_sum_add)(range.begin(), range.end(), &sum,
			                                                      nullptr);
			        return sum;
		        },
		        std::plus<int64_t>());
	});
	return 0;
}
