/* SPDX-License-Identifier: Apache-2.0 */
/* dot under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

static void add(void *into, const void *from, void *arg)
{
	(void)arg;
	*(double *)into += *(const double *)from;
}

uint64_t kernel_run(const kernel_params *params)
{
	double sum = 0;
	skua_reduce(0, (size_t)params->size, &sum, sizeof(sum), dot_leaf, add, NULL);
	return dot_bits(sum);
}
