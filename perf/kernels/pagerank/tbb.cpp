// SPDX-License-Identifier: Apache-2.0
// pagerank under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

KERNEL("tbb");

static void iterate()
{
	using range = tbb::blocked_range<size_t>;
	for (int iteration = 0; iteration < PAGERANK_ITERATIONS; iteration++)
		tbb::parallel_for(range(0, pagerank_vertices()),
		                  [&](const range &piece) { pagerank_pull(piece.begin(), piece.end(), &iteration); });
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute(iterate);
	return 0;
}
