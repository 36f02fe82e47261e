/* SPDX-License-Identifier: Apache-2.0 */
/* spmv under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	for (int product = 0; product < SPMV_PRODUCTS; product++)
		skua_for(0, spmv_rows(), spmv_multiply, NULL);
	return 0;
}
