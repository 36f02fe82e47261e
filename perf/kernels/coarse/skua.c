/* SPDX-License-Identifier: Apache-2.0 */
/* coarse under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(uint64_t, task, const kernel_params *, params, unsigned, number)
{
	return coarse_task(params, number);
}

SKUA_TASK(uint64_t, spawner, const kernel_params *, params)
{
	for (unsigned i = 0; i < COARSE_SPAWNED; i++)
		SKUA_SPAWN(task, params, i);
	uint64_t sum = coarse_call(params);
	for (unsigned i = 0; i < COARSE_SPAWNED; i++)
		sum += SKUA_SYNC(task);
	return sum;
}

uint64_t kernel_run(const kernel_params *params)
{
	return SKUA_RUN(spawner, params);
}
