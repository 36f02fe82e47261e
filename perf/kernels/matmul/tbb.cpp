// SPDX-License-Identifier: Apache-2.0
// matmul under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/parallel_invoke.h>

KERNEL("tbb");

static void multiply(const product &p)
{
	product first;
	product second;
	switch (product_split(p, &first, &second)) {
	case SPLIT_NONE:
		matmul_leaf(&p);
		return;
	case SPLIT_PARALLEL:
		tbb::parallel_invoke([&] { multiply(first); }, [&] { multiply(second); });
		return;
	case SPLIT_SERIAL:
		multiply(first);
		multiply(second);
	}
}

uint64_t kernel_run(const kernel_params *)
{
	arena().execute([] { multiply(matmul_whole()); });
	return 0;
}
