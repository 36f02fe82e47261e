// SPDX-License-Identifier: Apache-2.0
// idle under oneTBB.
#include "problem.h"

#include "../../harness/arena.hpp"

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
	long result = arena().execute([] { return fib(IDLE_FIB); });
	idle_sleep(params);
	return static_cast<uint64_t>(result);
}
