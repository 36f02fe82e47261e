/* SPDX-License-Identifier: Apache-2.0 */
/* spmv under OpenMP: static for even rows, dynamic in chunks of 32 blocks for uneven ones. */
#include "problem.h"

#include "../../harness/schedule.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	size_t rows = spmv_rows();
	(void)params;
	if (spmv_uneven())
		schedule_best(omp_sched_dynamic, 32);
	else
		schedule_best(omp_sched_static, 0);
	for (int product = 0; product < SPMV_PRODUCTS; product++) {
#pragma omp parallel for schedule(runtime)
		for (size_t row = 0; row < rows; row += SPMV_BLOCK)
			spmv_multiply(row, rows - row < SPMV_BLOCK ? rows : row + SPMV_BLOCK, NULL);
	}
	return 0;
}
