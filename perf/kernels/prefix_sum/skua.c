/* SPDX-License-Identifier: Apache-2.0 */
/* prefix_sum under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

static void add(void *into, const void *from, void *arg)
{
	(void)arg;
	*(int64_t *)into += *(const int64_t *)from;
}

uint64_t kernel_run(const kernel_params *params)
{
	int64_t zero = 0;
	skua_scan_blocks(0, (size_t)params->size, &zero, sizeof(zero), prefix_sum_add, prefix_sum_scan, add, NULL);
	return 0;
}
