/* SPDX-License-Identifier: Apache-2.0 */
/* matmul under OpenMP. */
#include "problem.h"

KERNEL("openmp");

static void multiply(product p)
{
	product first;
	product second;
	switch (product_split(p, &first, &second)) {
	case SPLIT_NONE:
		matmul_leaf(&p);
		return;
	case SPLIT_PARALLEL:
#pragma omp task firstprivate(first)
		multiply(first);
		multiply(second);
#pragma omp taskwait
		return;
	case SPLIT_SERIAL:
		multiply(first);
		multiply(second);
	}
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
#pragma omp parallel
#pragma omp single
	multiply(matmul_whole());
	return 0;
}
