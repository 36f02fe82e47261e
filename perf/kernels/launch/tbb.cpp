// SPDX-License-Identifier: Apache-2.0
// launch under oneTBB: the default partitioner, or the static one.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void loops(const kernel_params *params)
{
	using range = tbb::blocked_range<size_t>;
	auto body = [](const range &piece) { launch_daxpy(piece.begin(), piece.end()); };
	range all(0, static_cast<size_t>(params->size));
	for (long i = 0; i < launch_loops(); i++) {
		if (launch_is_static(params))
			tbb::parallel_for(all, body, tbb::static_partitioner());
		else
			tbb::parallel_for(all, body);
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	arena().execute([=] {
		if (!launch_is_in_task(params)) {
			loops(params);
			return;
		}
		tbb::task_group group;
		group.run_and_wait([=] { loops(params); });
	});
	return 0;
}
