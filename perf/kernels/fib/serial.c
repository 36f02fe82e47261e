/* SPDX-License-Identifier: Apache-2.0 */
/* fib, plain C. */
#include "../../harness/kernel.h"

KERNEL("serial");

static long fib(int n)
{
	if (n < 2)
		return n;
	long x = fib(n - 1);
	long y = fib(n - 2);
	return x + y;
}

uint64_t kernel_run(const kernel_params *params)
{
	return (uint64_t)fib((int)params->size);
}
