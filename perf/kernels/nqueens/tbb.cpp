// SPDX-License-Identifier: Apache-2.0
// nqueens under oneTBB. A task leaves its result in its own place of the parent's array.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static long queens(board b, int row, int n)
{
	if (row == n)
		return 1;
	long part[16];
	int spawned = 0;
	tbb::task_group group;
	for (int column = 0; column < n; column++) {
		if (board_safe(&b, row, column)) {
			board next = board_place(b, row, column);
			long *result = &part[spawned++];
			group.run([=] { *result = queens(next, row + 1, n); });
		}
	}
	group.wait();
	long count = 0;
	while (spawned--)
		count += part[spawned];
	return count;
}

uint64_t kernel_run(const kernel_params *params)
{
	return static_cast<uint64_t>(
	        arena().execute([=] { return queens(board_empty, 0, static_cast<int>(params->size)); }));
}
