/* SPDX-License-Identifier: Apache-2.0 */
/* flat under skua. */
#include "../../harness/kernel.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(long, same, long, number)
{
	return number;
}

SKUA_TASK(long, produce, long, count)
{
	long sum = 0;
	for (long i = 0; i < count; i++)
		SKUA_SPAWN(same, i);
	for (long i = 0; i < count; i++)
		sum += SKUA_SYNC(same);
	return sum;
}

uint64_t kernel_run(const kernel_params *params)
{
	return (uint64_t)SKUA_RUN(produce, params->size);
}
