// SPDX-License-Identifier: Apache-2.0
// wake under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void nothing()
{
	tbb::task_group group;
	group.run([] { wake_task(); });
	group.wait();
}

static void spawner()
{
	tbb::task_group group;
	group.run([] { wake_began(); });
	wake_stay();
	group.wait();
}

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned i = 0; params->workers > 1 && i < wake_count(); i++) {
		wake_idle(params);
		arena().execute(spawner);
		wake_done();
	}
	for (unsigned i = 0; i < wake_count(); i++) {
		wake_idle(params);
		arena().execute(nothing);
		wake_waited();
	}
	return 0;
}
