// SPDX-License-Identifier: Apache-2.0
// fft under oneTBB: loops inside of tasks.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_invoke.h>

KERNEL("tbb");

using range = tbb::blocked_range<size_t>;

static void transform(fft_block block)
{
	if (block.bits <= FFT_LEAF_BITS) {
		fft_leaf(block);
		return;
	}
	tbb::parallel_for(range(0, size_t{ 1 } << (block.bits - 2)),
	                  [&](const range &piece) { fft_pass(piece.begin(), piece.end(), &block); });
	tbb::parallel_invoke([&] { transform(fft_quarter(block, 0)); }, [&] { transform(fft_quarter(block, 1)); },
	                     [&] { transform(fft_quarter(block, 2)); }, [&] { transform(fft_quarter(block, 3)); });
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute([] {
		transform(fft_whole());
		tbb::parallel_for(range(0, fft_reorder_items()),
		                  [](const range &piece) { fft_reorder(piece.begin(), piece.end(), nullptr); });
	});
	return 0;
}
