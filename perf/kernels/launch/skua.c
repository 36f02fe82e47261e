/* SPDX-License-Identifier: Apache-2.0 */
/* launch under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

static void daxpy(size_t begin, size_t end, void *arg)
{
	(void)arg;
	launch_daxpy(begin, end);
}

static void loops(const kernel_params *params)
{
	static const skua_loop equal_parts = { .schedule = SKUA_STATIC };
	const skua_loop *how = launch_is_static(params) ? &equal_parts : NULL;
	for (long i = 0; i < launch_loops(); i++)
		skua_for_with(how, 0, (size_t)params->size, daxpy, NULL);
}

SKUA_TASK(void, loops_in_task, const kernel_params *, params)
{
	loops(params);
}

uint64_t kernel_run(const kernel_params *params)
{
	if (launch_is_in_task(params))
		SKUA_RUN(loops_in_task, params);
	else
		loops(params);
	return 0;
}
