/* SPDX-License-Identifier: Apache-2.0 */
/* spmv, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	for (int product = 0; product < SPMV_PRODUCTS; product++)
		spmv_multiply(0, spmv_rows(), NULL);
	return 0;
}
