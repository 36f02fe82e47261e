/* SPDX-License-Identifier: Apache-2.0 */
/* blackscholes, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	blackscholes_leaf(0, (size_t)params->size, NULL);
	return 0;
}
