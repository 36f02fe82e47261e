/* SPDX-License-Identifier: Apache-2.0 */
/* nqueens under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

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

uint64_t kernel_run(const kernel_params *params)
{
	return (uint64_t)SKUA_RUN(queens, board_empty, 0, (int)params->size);
}
