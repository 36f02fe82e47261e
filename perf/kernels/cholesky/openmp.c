/* SPDX-License-Identifier: Apache-2.0 */
/* cholesky under OpenMP, with taskwait as the other runtimes join (not with dependences). */
#include "problem.h"

KERNEL("openmp");

static void factor(int tiles)
{
	for (int k = 0; k < tiles; k++) {
		cholesky_diagonal(k);
		for (int i = k + 1; i < tiles; i++) {
#pragma omp task firstprivate(k, i)
			cholesky_solve(k, i);
		}
#pragma omp taskwait
		for (int i = k + 1; i < tiles; i++) {
			for (int j = k + 1; j <= i; j++) {
#pragma omp task firstprivate(k, i, j)
				cholesky_update(k, i, j);
			}
		}
#pragma omp taskwait
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
#pragma omp parallel
#pragma omp single
	factor(cholesky_tiles());
	return 0;
}
