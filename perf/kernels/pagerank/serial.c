/* SPDX-License-Identifier: Apache-2.0 */
/* pagerank, plain C. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	for (int iteration = 0; iteration < PAGERANK_ITERATIONS; iteration++)
		pagerank_pull(0, pagerank_vertices(), &iteration);
	return 0;
}
