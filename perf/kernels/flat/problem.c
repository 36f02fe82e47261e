/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One producer spawns size tasks that do nothing, then waits for all of them: the worst case for thieves, who take one
 * tiny task at a time from an owner they hinder. The first run also touches the memory of the tasks for the first time;
 * the driver tells it apart.
 */
#include "../../harness/kernel.h"

const char kernel_name[] = "flat";

void kernel_setup(const kernel_params *params)
{
	(void)params;
}

/* Where a task can give a result, the results are added up: each number from 0 to size - 1 exactly once. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	uint64_t count = (uint64_t)params->size;
	if (result != count * (count - 1) / 2)
		kernel_fail("a task is missing or ran twice");
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)result;
	return (uint64_t)params->size;
}
