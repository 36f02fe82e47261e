// SPDX-License-Identifier: Apache-2.0
// fib under oneTBB: parallel_invoke spawns one side and calls the other.
#include "../../harness/arena.hpp"
#include "../../harness/kernel.h"

#include <oneapi/tbb/parallel_invoke.h>

KERNEL("tbb");

static long fib(int n)
{
	if (n < 2)
		return n;
	long x;
	long y;
	tbb::parallel_invoke([&] { x = fib(n - 1); }, [&] { y = fib(n - 2); });
	return x + y;
}

uint64_t kernel_run(const kernel_params *params)
{
	return static_cast<uint64_t>(arena().execute([=] { return fib(static_cast<int>(params->size)); }));
}
