/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello: the four words of fork-join, in the smallest program that uses them all.
 *
 *     SKUA_TASK    defines a task: a function that may run in parallel with its caller
 *     SKUA_SPAWN   allows it to start: another worker may take it, if one is free
 *     SKUA_SYNC    waits for it and gives its result; if nobody has taken it, it runs here and now
 *     SKUA_RUN     enters the parallel world from an ordinary function, and returns when the task is done
 *
 * A spawn is a permission and not an order. The program means the same with one worker and with a hundred.
 */
#include <skua/skua.h>
#include <stdio.h>

SKUA_TASK(int, square, int, x)
{
	return x * x;
}

SKUA_TASK(int, sum_of_squares, int, x, int, y)
{
	SKUA_SPAWN(square, x);            /* may run elsewhere, */
	int right = SKUA_CALL(square, y); /* while this runs here */
	int left = SKUA_SYNC(square);
	return left + right;
}

int main(void)
{
	/* The first SKUA_RUN starts the workers, one per core. SKUA_WORKERS=1 in the environment asks for one. */
	int sum = SKUA_RUN(sum_of_squares, 3, 4);

	printf("hello from %u worker(s): 3 * 3 + 4 * 4 = %d\n", skua_workers(), sum);
	if (sum != 25) {
		fprintf(stderr, "hello: wrong, it should be 25\n");
		return 1;
	}
	return 0;
}
