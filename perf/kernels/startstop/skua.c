/* SPDX-License-Identifier: Apache-2.0 */
/* startstop under skua. */
#include "../../harness/kernel.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(long, one)
{
	return 1;
}

uint64_t kernel_run(const kernel_params *params)
{
	long count = 0;
	for (long i = 0; i < params->size; i++) {
		skua_stop();
		int error = skua_start(NULL);
		if (error < 0)
			kernel_fail("start: %s (%s)", skua_strerror(error), skua_start_problem());
		count += SKUA_RUN(one);
	}
	return (uint64_t)count;
}
