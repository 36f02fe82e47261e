/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fib(size), a task for every call above 1 and no cutoff: the cost of spawn and sync and of nothing else. It says
 * nothing about programs whose tasks do work. fib(n) spawns fib(n+1)-1 tasks.
 */
#include "../../harness/kernel.h"

const char kernel_name[] = "fib";

/* The n-th Fibonacci number, by the loop. */
static uint64_t fibonacci(long n)
{
	uint64_t a = 0;
	uint64_t b = 1;
	for (long i = 0; i < n; i++) {
		uint64_t next = a + b;
		a = b;
		b = next;
	}
	return a;
}

void kernel_setup(const kernel_params *params)
{
	if (params->size > 90)
		kernel_fail("fib %ld does not fit 64 bits", params->size);
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	if (result != fibonacci(params->size))
		kernel_fail("fib(%ld) = %llu", params->size, (unsigned long long)result);
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)result;
	return params->size < 2 ? 0 : fibonacci(params->size + 1) - 1;
}
