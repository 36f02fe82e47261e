/* SPDX-License-Identifier: Apache-2.0 */
/* prefix_sum, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	int64_t sum = 0;
	prefix_sum_scan(0, (size_t)params->size, &sum, NULL);
	return (uint64_t)sum;
}
