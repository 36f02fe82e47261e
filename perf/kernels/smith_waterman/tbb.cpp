// SPDX-License-Identifier: Apache-2.0
// smith_waterman under oneTBB: a tile gives one of the tiles it has set free to the group and goes on with the other.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void from_tile(tbb::task_group &group, int row, int column)
{
	for (;;) {
		smith_waterman_tile(row, column);
		bool below = smith_waterman_release(row + 1, column);
		bool right = smith_waterman_release(row, column + 1);
		if (!below && !right)
			return;
		if (below && right)
			group.run([&group, row, column] { from_tile(group, row + 1, column); });
		if (right)
			column++;
		else
			row++;
	}
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute([] {
		tbb::task_group group;
		group.run_and_wait([&group] { from_tile(group, 0, 0); });
	});
	return 0;
}
