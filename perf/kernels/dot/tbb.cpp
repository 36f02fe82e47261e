// SPDX-License-Identifier: Apache-2.0
// dot under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <functional>

KERNEL("tbb");

uint64_t kernel_run(const kernel_params *params)
{
	return arena().execute([=] {
		return dot_bits(tbb::parallel_reduce(
		        tbb::blocked_range<size_t>(0, static_cast<size_t>(params->size)), 0.0,
		        [](const tbb::blocked_range<size_t> &range, double sum) {
			        dot_leaf(range.begin(), range.end(), &sum, nullptr);
			        return sum;
		        },
		        std::plus<double>(), tbb::static_partitioner()));
	});
}
