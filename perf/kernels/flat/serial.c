/* SPDX-License-Identifier: Apache-2.0 */
/* flat, plain C: as many calls of a function that is not inlined. */
#include "../../harness/kernel.h"

KERNEL("serial");

static __attribute__((noinline)) long same(long number)
{
	__asm__ volatile("" : "+r"(number));
	return number;
}

uint64_t kernel_run(const kernel_params *params)
{
	long sum = 0;
	for (long i = 0; i < params->size; i++)
		sum += same(i);
	return (uint64_t)sum;
}
