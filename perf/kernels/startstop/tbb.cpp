// SPDX-License-Identifier: Apache-2.0
// startstop under oneTBB: finalize waits until the worker threads are gone.
#include "../../harness/arena.hpp"
#include "../../harness/kernel.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void stop()
{
	arena_stop();
	tbb::task_scheduler_handle handle{ tbb::attach{} };
	if (!tbb::finalize(handle, std::nothrow))
		kernel_fail("finalize");
}

static long one()
{
	long count = 0;
	tbb::task_group group;
	group.run([&] { count = 1; });
	group.wait();
	return count;
}

uint64_t kernel_run(const kernel_params *params)
{
	long count = 0;
	for (long i = 0; i < params->size; i++) {
		stop();
		arena_start(params->workers);
		count += arena().execute(one);
	}
	return static_cast<uint64_t>(count);
}
