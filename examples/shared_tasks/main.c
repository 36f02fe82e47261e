/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_tasks: tasks across source files. Usage: shared_tasks [limit]
 *
 * tasks.h announces two tasks, tasks.c defines them, and here a task of this file spawns one and calls the other. They
 * count the primes and the twin primes below a limit by trial division, one small task per number.
 */
#include "../example.h"
#include "tasks.h"

SKUA_TASK(void, count, int, limit, int *, prime_count, int *, twin_count)
{
	SKUA_SPAWN(primes, 0, limit);
	*twin_count = SKUA_CALL(twins, 0, limit);
	*prime_count = SKUA_SYNC(primes);
}

int main(int argc, char **argv)
{
	int limit = example_size(argc, argv, 500000, 1, 100000000);
	int prime_count = 0;
	int twin_count = 0;
	SKUA_RUN(count, limit, &prime_count, &twin_count);

	/* The same by the sieve of Eratosthenes. */
	char *composite = example_memory((size_t)limit + 2, 1);
	int expected_primes = 0;
	int expected_twins = 0;
	for (int n = 2; n < limit + 2; n++) {
		if (composite[n])
			continue;
		expected_primes += n < limit;
		expected_twins += n > 3 && !composite[n - 2];
		for (int64_t multiple = 2 * (int64_t)n; multiple < limit + 2; multiple += n)
			composite[multiple] = 1;
	}
	free(composite);

	printf("shared_tasks: %d primes and %d pairs of twins below %d\n", prime_count, twin_count, limit);
	if (prime_count != expected_primes || twin_count != expected_twins) {
		fprintf(stderr, "shared_tasks: wrong, it should be %d and %d\n", expected_primes, expected_twins);
		return 1;
	}
	return 0;
}
