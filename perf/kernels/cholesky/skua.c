/* SPDX-License-Identifier: Apache-2.0 */
/* cholesky under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(void, solve, int, k, int, i)
{
	cholesky_solve(k, i);
}

SKUA_TASK(void, update, int, k, int, i, int, j)
{
	cholesky_update(k, i, j);
}

SKUA_TASK(void, factor, int, tiles)
{
	for (int k = 0; k < tiles; k++) {
		cholesky_diagonal(k);
		int spawned = 0;
		for (int i = k + 1; i < tiles; i++, spawned++)
			SKUA_SPAWN(solve, k, i);
		while (spawned--)
			SKUA_SYNC(solve);
		spawned = 0;
		for (int i = k + 1; i < tiles; i++)
			for (int j = k + 1; j <= i; j++, spawned++)
				SKUA_SPAWN(update, k, i, j);
		while (spawned--)
			SKUA_SYNC(update);
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	SKUA_RUN(factor, cholesky_tiles());
	return 0;
}
