/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fast_path.py and HACKING.md look at: one spawn, one call and one sync of tasks that the compiler cannot inline,
 * so that nothing but the fast path is left; and fib, where it inlines as it likes.
 */
#include <skua/skua.h>

SKUA_TASK_DECLARE(long, leaf, int, n);
SKUA_TASK_DECLARE(long, pair, int, n);

SKUA_TASK_DEFINE(long, pair, int, n)
{
	SKUA_SPAWN(leaf, n);
	long y = SKUA_CALL(leaf, n + 1);
	return SKUA_SYNC(leaf) + y;
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long y = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + y;
}

long fib_from_outside(int n);
long fib_from_outside(int n)
{
	return SKUA_RUN(fib, n);
}
