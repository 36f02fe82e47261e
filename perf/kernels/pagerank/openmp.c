/* SPDX-License-Identifier: Apache-2.0 */
/* pagerank under OpenMP: dynamic, in chunks of 16 blocks. */
#include "problem.h"

#include "../../harness/schedule.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	size_t vertices = pagerank_vertices();
	(void)params;
	schedule_best(omp_sched_dynamic, 16);
	for (int iteration = 0; iteration < PAGERANK_ITERATIONS; iteration++) {
#pragma omp parallel for schedule(runtime)
		for (size_t v = 0; v < vertices; v += PAGERANK_BLOCK)
			pagerank_pull(v, vertices - v < PAGERANK_BLOCK ? vertices : v + PAGERANK_BLOCK, &iteration);
	}
	return 0;
}
