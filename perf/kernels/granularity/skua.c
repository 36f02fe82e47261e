/* SPDX-License-Identifier: Apache-2.0 */
/* granularity under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(uint64_t, range, long, begin, long, end)
{
	if (end - begin == 1)
		return granularity_work(begin);
	long middle = begin + (end - begin) / 2;
	SKUA_SPAWN(range, begin, middle);
	uint64_t right = SKUA_CALL(range, middle, end);
	return SKUA_SYNC(range) + right;
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	return SKUA_RUN(range, 0, granularity_tasks());
}
