// SPDX-License-Identifier: Apache-2.0
// dgemm under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/blocked_range2d.h>
#include <oneapi/tbb/parallel_for.h>

KERNEL("tbb");

static void multiply()
{
	using line = tbb::blocked_range<size_t>;
	using rectangle = tbb::blocked_range2d<size_t>;
	tbb::parallel_for(line(0, dgemm_panels()),
	                  [](const line &piece) { dgemm_pack(piece.begin(), piece.end(), nullptr); });
	tbb::parallel_for(rectangle(0, dgemm_tiles(), 0, dgemm_tiles()), [](const rectangle &piece) {
		dgemm_multiply(piece.rows().begin(), piece.rows().end(), piece.cols().begin(), piece.cols().end(),
		               nullptr);
	});
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute(multiply);
	return 0;
}
