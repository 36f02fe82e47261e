/* SPDX-License-Identifier: Apache-2.0 */
/* cholesky, plain C, with the same tiles. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	int tiles = cholesky_tiles();
	(void)params;
	for (int k = 0; k < tiles; k++) {
		cholesky_diagonal(k);
		for (int i = k + 1; i < tiles; i++)
			cholesky_solve(k, i);
		for (int i = k + 1; i < tiles; i++)
			for (int j = k + 1; j <= i; j++)
				cholesky_update(k, i, j);
	}
	return 0;
}
