/* SPDX-License-Identifier: Apache-2.0 */
/* lu under OpenMP, with dependences: a task for each factor and each update, in the order of the serial program. */
#include "problem.h"

KERNEL("openmp");

static void factor(int panels)
{
	for (int k = 0; k < panels; k++) {
		char *left = lu_mark(k);
		(void)left; /* gcc does not see its use in the clause */
#pragma omp task firstprivate(k) depend(inout : *left) priority(1)
		lu_factor(k);
		for (int j = k + 1; j < panels; j++) {
			char *mine = lu_mark(j);
			(void)mine;
#pragma omp task firstprivate(k, j) depend(in : *left) depend(inout : *mine) priority(j == k + 1)
			lu_update(k, j);
		}
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	int panels = lu_panels();
	(void)params;
#pragma omp parallel
	{
#pragma omp single
		factor(panels);
#pragma omp for schedule(dynamic)
		for (int k = 0; k < panels; k++)
			lu_finish((size_t)k, (size_t)k + 1, NULL);
	}
	return 0;
}
