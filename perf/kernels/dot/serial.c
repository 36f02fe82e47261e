/* SPDX-License-Identifier: Apache-2.0 */
/* dot, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	double sum = 0;
	dot_leaf(0, (size_t)params->size, &sum, NULL);
	return dot_bits(sum);
}
