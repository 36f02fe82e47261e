// SPDX-License-Identifier: Apache-2.0
// flat under oneTBB. Its tasks have no results; here they do nothing at all.
#include "../../harness/arena.hpp"
#include "../../harness/kernel.h"

#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void produce(long count)
{
	tbb::task_group group;
	for (long i = 0; i < count; i++)
		group.run([i] { __asm__ volatile("" : : "r"(i)); });
	group.wait();
}

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t count = static_cast<uint64_t>(params->size);
	arena().execute([=] { produce(params->size); });
	return count * (count - 1) / 2;
}
