/* SPDX-License-Identifier: Apache-2.0 */
/* wake under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(void, nothing)
{
	wake_task();
}

SKUA_TASK(void, elsewhere)
{
	wake_began();
}

SKUA_TASK(void, spawner)
{
	SKUA_SPAWN(elsewhere);
	wake_stay();
	SKUA_SYNC(elsewhere);
}

uint64_t kernel_run(const kernel_params *params)
{
	for (unsigned i = 0; params->workers > 1 && i < wake_count(); i++) {
		wake_idle(params);
		SKUA_RUN(spawner);
		wake_done();
	}
	for (unsigned i = 0; i < wake_count(); i++) {
		wake_idle(params);
		SKUA_RUN(nothing);
		wake_waited();
	}
	return 0;
}
