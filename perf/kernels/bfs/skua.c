/* SPDX-License-Identifier: Apache-2.0 */
/* bfs under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

uint64_t kernel_run(const kernel_params *params)
{
	bfs_step step;
	(void)params;
	for (int search = 0; search < BFS_SEARCHES; search++) {
		bfs_begin(search);
		while (bfs_next(&step))
			skua_for(0, step.count, step.body, NULL);
	}
	return 0;
}
