// SPDX-License-Identifier: Apache-2.0
// spmv under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

KERNEL("tbb");

static void multiply()
{
	using range = tbb::blocked_range<size_t>;
	for (int product = 0; product < SPMV_PRODUCTS; product++)
		tbb::parallel_for(range(0, spmv_rows()),
		                  [](const range &piece) { spmv_multiply(piece.begin(), piece.end(), nullptr); });
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute(multiply);
	return 0;
}
