// SPDX-License-Identifier: Apache-2.0
// heat under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

KERNEL("tbb");

uint64_t kernel_run(const kernel_params *)
{
	arena().execute([] {
		for (unsigned step = 0; step < HEAT_STEPS; step++) {
			heat_step grids = heat_at(step);
			tbb::parallel_for(
			        tbb::blocked_range<size_t>(1, heat_rows_end()),
			        [&](const tbb::blocked_range<size_t> &range) {
				        heat_leaf(range.begin(), range.end(), &grids);
			        },
			        tbb::static_partitioner());
		}
	});
	return 0;
}
