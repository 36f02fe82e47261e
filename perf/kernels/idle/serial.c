/* SPDX-License-Identifier: Apache-2.0 */
/* idle, plain C: what the sleep itself costs. */
#include "problem.h"

KERNEL("serial");

static long fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t kernel_run(const kernel_params *params)
{
	long result = fib(IDLE_FIB);
	idle_sleep(params);
	return (uint64_t)result;
}
