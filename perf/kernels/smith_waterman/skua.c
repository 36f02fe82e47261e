/* SPDX-License-Identifier: Apache-2.0 */
/* smith_waterman under skua: a tile spawns the tiles that it has set free, as the last one before them. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(void, tile, int, row, int, column)
{
	smith_waterman_tile(row, column);
	int below = smith_waterman_release(row + 1, column);
	int right = smith_waterman_release(row, column + 1);
	if (below && right)
		SKUA_SPAWN(tile, row + 1, column);
	if (right)
		SKUA_CALL(tile, row, column + 1);
	else if (below)
		SKUA_CALL(tile, row + 1, column);
	if (below && right)
		SKUA_SYNC(tile);
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	SKUA_RUN(tile, 0, 0);
	return 0;
}
