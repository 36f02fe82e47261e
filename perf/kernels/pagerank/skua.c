/* SPDX-License-Identifier: Apache-2.0 */
/* pagerank under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	for (int iteration = 0; iteration < PAGERANK_ITERATIONS; iteration++)
		skua_for(0, pagerank_vertices(), pagerank_pull, &iteration);
	return 0;
}
