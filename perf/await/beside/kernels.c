/* SPDX-License-Identifier: Apache-2.0 */
/* fib and nqueens, as in perf/kernels; see kernels.h. */
#include "kernels.h"

#include "../../kernels/nqueens/problem.h"

#include <skua/skua.h>

#include <string.h>

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long y = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + y;
}

SKUA_TASK(long, queens, board, b, int, row, int, n)
{
	if (row == n)
		return 1;
	int spawned = 0;
	for (int column = 0; column < n; column++) {
		if (board_safe(&b, row, column)) {
			SKUA_SPAWN(queens, board_place(b, row, column), row + 1, n);
			spawned++;
		}
	}
	long count = 0;
	while (spawned--)
		count += SKUA_SYNC(queens);
	return count;
}

static long run_fib(int n)
{
	return SKUA_RUN(fib, n);
}

static long run_queens(int n)
{
	return SKUA_RUN(queens, board_empty, 0, n);
}

static long fibonacci(int n)
{
	long a = 0, b = 1;
	while (n-- > 0) {
		long sum = a + b;
		a = b;
		b = sum;
	}
	return a;
}

int kernel_choose(kernel_choice *choice, const char *name, int size)
{
	static const long solutions[] = { 1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596 };
	*choice = (kernel_choice){ .size = size };
	if (strcmp(name, "fib") == 0 && size >= 0 && size <= 60) {
		choice->run = run_fib;
		choice->wanted = fibonacci(size);
	} else if (strcmp(name, "nqueens") == 0 && size >= 1 && size < (int)(sizeof solutions / sizeof solutions[0])) {
		choice->run = run_queens;
		choice->wanted = solutions[size];
	} else if (strcmp(name, "none") != 0 || size < 1) {
		return 0;
	}
	return 1;
}
