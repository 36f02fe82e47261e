/* SPDX-License-Identifier: Apache-2.0 */
/* matmul, plain C, with the same blocks. */
#include "problem.h"

KERNEL("serial");

static void multiply(product p)
{
	product first;
	product second;
	if (product_split(p, &first, &second) == SPLIT_NONE) {
		matmul_leaf(&p);
		return;
	}
	multiply(first);
	multiply(second);
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	multiply(matmul_whole());
	return 0;
}
