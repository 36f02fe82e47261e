/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stops a runtime, starts it again and runs one task, size times: the price of a runtime that is not kept. The serial
 * program creates and joins one thread. It also shows a start or stop that hangs or loses the task.
 */
#include "../../harness/kernel.h"

const char kernel_name[] = "startstop";

void kernel_setup(const kernel_params *params)
{
	(void)params;
}

/* The result is the number of tasks that ran. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	if (result != (uint64_t)params->size)
		kernel_fail("%llu tasks ran, not %ld", (unsigned long long)result, params->size);
	return result;
}

/* One start and stop counts as a task here, so that the driver tells the time of one. */
uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)result;
	return (uint64_t)params->size;
}
