// SPDX-License-Identifier: Apache-2.0
// lu under oneTBB: each task goes on with what it has set free, and gives the rest to the group.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_group.h>

KERNEL("tbb");

static void factor(tbb::task_group &group, int k);

static void update(tbb::task_group &group, int k, int j)
{
	for (;; k++) {
		lu_update(k, j);
		if (j == k + 1) {
			factor(group, j);
			return;
		}
		if (!lu_release(k + 1, j))
			return;
	}
}

static void factor(tbb::task_group &group, int k)
{
	int panels = lu_panels();
	lu_factor(k);
	for (int j = panels - 1; j > k + 1; j--)
		if (lu_release(k, j))
			group.run([&group, k, j] { update(group, k, j); });
	if (k + 1 < panels && lu_release(k, k + 1))
		update(group, k, k + 1);
}

static void factor_all()
{
	using range = tbb::blocked_range<size_t>;
	tbb::task_group group;
	group.run_and_wait([&group] { factor(group, 0); });
	tbb::parallel_for(range(0, static_cast<size_t>(lu_panels())),
	                  [](const range &piece) { lu_finish(piece.begin(), piece.end(), nullptr); });
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute(factor_all);
	return 0;
}
