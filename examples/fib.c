/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fib: how little a task costs. Usage: fib [n]
 *
 * The Fibonacci numbers by their definition, which is a silly way to compute them and a good way to measure a
 * scheduler: every call is a task and does next to nothing. There is no "below this size, go on serially": a spawn that
 * nobody steals costs about a nanosecond. Compare with
 *
 *     time SKUA_WORKERS=1 ./fib 42
 *     time ./fib 42
 *
 * The pattern is the one to remember: spawn all children but the last, call the last, sync the others.
 */
#include "example.h"

#include <skua/skua.h>

SKUA_TASK(int64_t, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	int64_t second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

/* The same in n steps. */
static int64_t fib_by_adding(int n)
{
	int64_t current = 0;
	int64_t next = 1;
	for (int i = 0; i < n; i++) {
		int64_t sum = current + next;
		current = next;
		next = sum;
	}
	return current;
}

int main(int argc, char **argv)
{
	int n = example_size(argc, argv, 37, 0, 60);
	int64_t result = SKUA_RUN(fib, n);
	int64_t expected = fib_by_adding(n);

	printf("fib %d = %lld\n", n, (long long)result);
	if (result != expected) {
		fprintf(stderr, "fib: wrong, it should be %lld\n", (long long)expected);
		return 1;
	}
	return 0;
}
