/* SPDX-License-Identifier: Apache-2.0 */
/* bfs, plain C, with the bodies that need no atomics. */
#include "problem.h"

KERNEL("serial");

uint64_t kernel_run(const kernel_params *params)
{
	bfs_step step;
	(void)params;
	for (int search = 0; search < BFS_SEARCHES; search++) {
		bfs_begin(search);
		while (bfs_next(&step))
			step.alone(0, step.count, NULL);
	}
	return 0;
}
