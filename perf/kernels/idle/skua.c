/* SPDX-License-Identifier: Apache-2.0 */
/* idle under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long y = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + y;
}

uint64_t kernel_run(const kernel_params *params)
{
	long result = SKUA_RUN(fib, IDLE_FIB);
	idle_sleep(params);
	return (uint64_t)result;
}
