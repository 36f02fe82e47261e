/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seven spawned tasks of about size microseconds and one call. A scheduler that publishes tasks lazily must get them
 * out while their owner is busy in the call; with "long-call" the call takes as long as all seven, so that the time
 * on two or more workers is half of the serial time if, and only if, others get all spawned tasks.
 *
 * The work is a chain of dependent integer operations, not a clock, so that a worker that is not running does none.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "coarse";

enum {
	STEPS_PER_US = 500
}; /* a step takes about 2 ns */

static uint64_t work(uint64_t state, uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
	}
	return state;
}

uint64_t coarse_task(const kernel_params *params, unsigned number)
{
	return work(number + 1, (uint64_t)params->size * STEPS_PER_US);
}

uint64_t coarse_call(const kernel_params *params)
{
	unsigned times = strcmp(params->variant, "long-call") == 0 ? COARSE_SPAWNED : 1;
	return work(COARSE_SPAWNED + 1, times * (uint64_t)params->size * STEPS_PER_US);
}

void kernel_setup(const kernel_params *params)
{
	(void)params;
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
