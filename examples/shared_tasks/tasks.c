/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definitions of the tasks in tasks.h, one SKUA_TASK_DEFINE for each SKUA_TASK_DECLARE. They are not static, so
 * their names are the program's, as with functions.
 */
#include "tasks.h"

static int is_prime(int n)
{
	if (n < 4)
		return n > 1;
	for (int divisor = 2; divisor <= n / divisor; divisor++) {
		if (n % divisor == 0)
			return 0;
	}
	return 1;
}

SKUA_TASK_DEFINE(int, primes, int, first, int, end)
{
	if (end - first <= 1)
		return end > first && is_prime(first);
	int middle = first + (end - first) / 2;
	SKUA_SPAWN(primes, first, middle);
	int upper = SKUA_CALL(primes, middle, end);
	return SKUA_SYNC(primes) + upper;
}

SKUA_TASK_DEFINE(int, twins, int, first, int, end)
{
	if (end - first <= 1)
		return end > first && is_prime(first) && is_prime(first + 2);
	int middle = first + (end - first) / 2;
	SKUA_SPAWN(twins, first, middle);
	int upper = SKUA_CALL(twins, middle, end);
	return SKUA_SYNC(twins) + upper;
}
