// SPDX-License-Identifier: Apache-2.0
// blackscholes under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

KERNEL("tbb");

uint64_t kernel_run(const kernel_params *params)
{
	arena().execute([=] {
		tbb::parallel_for(tbb::blocked_range<size_t>(0, static_cast<size_t>(params->size)),
		                  [](const tbb::blocked_range<size_t> &range) {
			                  blackscholes_leaf(range.begin(), range.end(), nullptr);
		                  });
	});
	return 0;
}
