// SPDX-License-Identifier: Apache-2.0
// coarse under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static uint64_t spawner(const kernel_params *params)
{
	uint64_t part[COARSE_SPAWNED];
	tbb::task_group group;
	for (unsigned i = 0; i < COARSE_SPAWNED; i++) {
		uint64_t *result = &part[i];
		group.run([=] { *result = coarse_task(params, i); });
	}
	uint64_t sum = coarse_call(params);
	group.wait();
	for (unsigned i = 0; i < COARSE_SPAWNED; i++)
		sum += part[i];
	return sum;
}

uint64_t kernel_run(const kernel_params *params)
{
	return arena().execute([=] { return spawner(params); });
}
