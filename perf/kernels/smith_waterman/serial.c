/* SPDX-License-Identifier: Apache-2.0 */
/* smith_waterman, plain C, with the same tiles. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	int tiles = smith_waterman_tiles();
	(void)params;
	for (int row = 0; row < tiles; row++)
		for (int column = 0; column < tiles; column++)
			smith_waterman_tile(row, column);
	return 0;
}
