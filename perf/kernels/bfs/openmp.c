/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bfs under OpenMP: guided, since each chunk pays for its own additions to the step's counters (dynamic in chunks of 4
 * blocks took up to twice as long); a level that fits one block needs no other thread.
 */
#include "problem.h"

#include "../../harness/schedule.h"

KERNEL("openmp");

uint64_t kernel_run(const kernel_params *params)
{
	bfs_step step;
	(void)params;
	schedule_best(omp_sched_guided, 4);
	for (int search = 0; search < BFS_SEARCHES; search++) {
		bfs_begin(search);
		while (bfs_next(&step)) {
#pragma omp parallel for schedule(runtime) if (step.count > BFS_BLOCK)
			for (size_t i = 0; i < step.count; i += BFS_BLOCK)
				step.body(i, step.count - i < BFS_BLOCK ? step.count : i + BFS_BLOCK, NULL);
		}
	}
	return 0;
}
