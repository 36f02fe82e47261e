// SPDX-License-Identifier: Apache-2.0
// cholesky under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void factor(int tiles)
{
	tbb::task_group group;
	for (int k = 0; k < tiles; k++) {
		cholesky_diagonal(k);
		for (int i = k + 1; i < tiles; i++)
			group.run([=] { cholesky_solve(k, i); });
		group.wait();
		for (int i = k + 1; i < tiles; i++)
			for (int j = k + 1; j <= i; j++)
				group.run([=] { cholesky_update(k, i, j); });
		group.wait();
	}
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute([] { factor(cholesky_tiles()); });
	return 0;
}
