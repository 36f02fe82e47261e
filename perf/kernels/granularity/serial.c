/* SPDX-License-Identifier: Apache-2.0 */
/* granularity, plain C: a loop, so that its time is that of the work alone. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	uint64_t sum = 0;
	(void)params;
	for (long i = 0; i < granularity_tasks(); i++)
		sum += granularity_work(i);
	return sum;
}
