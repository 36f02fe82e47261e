// SPDX-License-Identifier: Apache-2.0
// granularity under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/parallel_invoke.h>

KERNEL("tbb");

static uint64_t range(long begin, long end)
{
	if (end - begin == 1)
		return granularity_work(begin);
	long middle = begin + (end - begin) / 2;
	uint64_t left;
	uint64_t right;
	tbb::parallel_invoke([&] { left = range(begin, middle); }, [&] { right = range(middle, end); });
	return left + right;
}

uint64_t kernel_run(const kernel_params *)
{
	return arena().execute([] { return range(0, granularity_tasks()); });
}
