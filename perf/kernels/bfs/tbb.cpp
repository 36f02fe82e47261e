// SPDX-License-Identifier: Apache-2.0
// bfs under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

KERNEL("tbb");

static void search_all()
{
	using range = tbb::blocked_range<size_t>;
	bfs_step step;
	for (int search = 0; search < BFS_SEARCHES; search++) {
		bfs_begin(search);
		while (bfs_next(&step))
			tbb::parallel_for(range(0, step.count),
			                  [&](const range &piece) { step.body(piece.begin(), piece.end(), nullptr); });
	}
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute(search_all);
	return 0;
}
