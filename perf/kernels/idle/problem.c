/* SPDX-License-Identifier: Apache-2.0 */
/* The sleep of the idle measurement; problem.h says what is measured. */
#include "problem.h"

#include <time.h>

const char kernel_name[] = "idle";

static double cpu_ms(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

void idle_sleep(const kernel_params *params)
{
	struct timespec time = { params->size / 1000, params->size % 1000 * 1000000 };
	double before = cpu_ms();
	nanosleep(&time, NULL);
	kernel_sample("cpu_ms", cpu_ms() - before);
}

void kernel_setup(const kernel_params *params)
{
	(void)params;
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	if (result != 46368)
		kernel_fail("fib(%d) = %llu", IDLE_FIB, (unsigned long long)result);
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
