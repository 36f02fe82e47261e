/* SPDX-License-Identifier: Apache-2.0 */
/* coarse, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < COARSE_SPAWNED; i++)
		sum += coarse_task(params, i);
	return sum + coarse_call(params);
}
