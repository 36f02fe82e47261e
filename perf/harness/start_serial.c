/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial program has nothing to start. It is pinned to the first core all the same, as worker 0 of the runtimes is.
 */
#include "kernel.h"

#include <sched.h>

void kernel_start(const kernel_params *params)
{
	int cpu;
	(void)params;
	if (kernel_cores(&cpu, 1) == 0 || cpu >= CPU_SETSIZE)
		return;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}
