/* SPDX-License-Identifier: Apache-2.0 */
/* nqueens, plain C. */
#include "problem.h"

KERNEL("serial");

static long queens(board b, int row, int n)
{
	if (row == n)
		return 1;
	long count = 0;
	for (int column = 0; column < n; column++)
		if (board_safe(&b, row, column))
			count += queens(board_place(b, row, column), row + 1, n);
	return count;
}

uint64_t kernel_run(const kernel_params *params)
{
	return (uint64_t)queens(board_empty, 0, (int)params->size);
}
