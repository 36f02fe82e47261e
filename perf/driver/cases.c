/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of kernels and runtimes. perf/README.md says what each kernel can and cannot show. */
#include "bench.h"

/* clang-format off */
const bench_case bench_cases[] = {
	{ .kernel = "fib", .problem = "fib", .variant = "", .size = 42, .peer_size = 32, .tiny_size = 15,
	  .shows = SHOWS_TASK, .in_demo = true,
	  .summary = "recursive fork-join with nothing in the tasks" },
	{ .kernel = "fib_o2", .problem = "fib_o2", .variant = "", .size = 42, .tiny_size = 15, .shows = SHOWS_TASK,
	  .summary = "fib, compiled with -O2" },
	{ .kernel = "fib_clang", .problem = "fib_clang", .variant = "", .size = 42, .tiny_size = 15,
	  .shows = SHOWS_TASK,
	  .summary = "fib, compiled by clang -O3" },
	{ .kernel = "nqueens", .problem = "nqueens", .variant = "", .size = 13, .tiny_size = 7, .shows = SHOWS_TASK,
	  .in_demo = true,
	  .summary = "ways to place the queens, a task for each safe placement" },
	{ .kernel = "uts_t1", .problem = "uts", .variant = "T1", .size = 10, .tiny_size = 5, .shows = SHOWS_TASK,
	  .in_demo = true,
	  .summary = "unbalanced tree search, geometric tree T1 of 4.1 million nodes" },
	{ .kernel = "uts_t3", .problem = "uts", .variant = "T3", .size = 2000, .tiny_size = 20, .shows = SHOWS_TASK,
	  .summary = "unbalanced tree search, binomial tree T3 of 4.1 million nodes, 1572 deep" },
	{ .kernel = "mergesort", .problem = "mergesort", .variant = "", .size = 4000000, .tiny_size = 20000,
	  .shows = SHOWS_SECONDS, .in_demo = true,
	  .summary = "32-bit keys, merges divided too" },
	{ .kernel = "matmul", .problem = "matmul", .variant = "", .size = 1000, .tiny_size = 130,
	  .shows = SHOWS_SECONDS, .in_demo = true,
	  .summary = "divide and conquer on doubles" },
	{ .kernel = "cholesky", .problem = "cholesky", .variant = "", .size = 1024, .tiny_size = 160,
	  .shows = SHOWS_SECONDS,
	  .summary = "tiles of 32, two joins for each column of tiles" },
	{ .kernel = "flat", .problem = "flat", .variant = "", .size = 1000000, .tiny_size = 1000,
	  .shows = SHOWS_TASK,
	  .summary = "one producer spawns a million empty tasks" },
	{ .kernel = "coarse", .problem = "coarse", .variant = "call", .size = 50000, .tiny_size = 100,
	  .shows = SHOWS_SECONDS,
	  .summary = "7 spawned tasks and one call, 50 ms each" },
	{ .kernel = "coarse_long", .problem = "coarse", .variant = "long-call", .size = 50000, .tiny_size = 100,
	  .shows = SHOWS_SECONDS,
	  .summary = "7 spawned tasks of 50 ms and one call of 350 ms" },
	{ .kernel = "wake", .problem = "wake", .variant = "", .size = 10000, .tiny_size = 100,
	  .shows = SHOWS_SAMPLES,
	  .summary = "answer of a runtime that was idle for 10 ms" },
	{ .kernel = "idle", .problem = "idle", .variant = "", .size = 5000, .tiny_size = 20, .rounds_most = 2,
	  .shows = SHOWS_SAMPLES, .no_warm_up = true,
	  .summary = "processor time in 5 s of nothing, after work" },
	{ .kernel = "over_fib", .problem = "fib", .variant = "", .size = 38, .peer_size = 30, .tiny_size = 15,
	  .shows = SHOWS_TASK, .oversubscribes = true,
	  .summary = "fib with four workers on each core" },
	{ .kernel = "over_uts", .problem = "uts", .variant = "T1", .size = 10, .tiny_size = 5, .shows = SHOWS_TASK,
	  .oversubscribes = true,
	  .summary = "uts_t1 with four workers on each core" },
	{ .kernel = "startstop", .problem = "startstop", .variant = "", .size = 200, .tiny_size = 5,
	  .shows = SHOWS_TASK,
	  .summary = "stop, start, one task" },
	{ .kernel = "granularity", .problem = "granularity", .variant = "", .size = 1000, .tiny_size = 10000,
	  .shows = SHOWS_TASK,
	  .summary = "the same work in tasks of so many nanoseconds" },
	{ .kernel = "launch", .problem = "launch", .variant = "main", .size = 10000, .tiny_size = 1000,
	  .shows = SHOWS_TASK, .peers_spin = true,
	  .summary = "one daxpy loop after the other, from the main thread" },
	{ .kernel = "launch_static", .problem = "launch", .variant = "static", .size = 10000, .tiny_size = 1000,
	  .shows = SHOWS_TASK, .peers_spin = true,
	  .summary = "launch with static schedules" },
	{ .kernel = "launch_task", .problem = "launch", .variant = "task", .size = 10000, .tiny_size = 1000,
	  .shows = SHOWS_TASK, .peers_spin = true,
	  .summary = "launch from inside a task" },
	{ .kernel = "stream_copy", .problem = "stream", .variant = "copy", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "c = a, bound by memory" },
	{ .kernel = "stream_scale", .problem = "stream", .variant = "scale", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "b = s c, bound by memory" },
	{ .kernel = "stream_add", .problem = "stream", .variant = "add", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "c = a + b, bound by memory" },
	{ .kernel = "stream_triad", .problem = "stream", .variant = "triad", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "a = b + s c, bound by memory" },
	{ .kernel = "daxpy", .problem = "daxpy", .variant = "", .size = 1000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "y = y + a x, 50 short loops after each other" },
	{ .kernel = "dot", .problem = "dot", .variant = "", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "dot product, a reduction bound by memory" },
	{ .kernel = "heat", .problem = "heat", .variant = "", .size = 1024, .tiny_size = 67,
	  .shows = SHOWS_SECONDS,
	  .summary = "stencil of 5 points, 50 steps" },
	{ .kernel = "nbody", .problem = "nbody", .variant = "", .size = 3000, .tiny_size = 101,
	  .shows = SHOWS_SECONDS,
	  .summary = "all pairs of bodies, 2 steps" },
	{ .kernel = "mandelbrot", .problem = "mandelbrot", .variant = "", .size = 512, .tiny_size = 50,
	  .shows = SHOWS_SECONDS,
	  .summary = "a loop over rows that take from 5 us to 1 ms" },
	{ .kernel = "triangular", .problem = "triangular", .variant = "", .size = 10000, .tiny_size = 300,
	  .shows = SHOWS_SECONDS,
	  .summary = "iteration i takes i steps" },
	{ .kernel = "spike", .problem = "spike", .variant = "", .size = 10000, .tiny_size = 100,
	  .shows = SHOWS_SECONDS,
	  .summary = "iterations of 1 us, one of them 1000 times as long" },
	{ .kernel = "blackscholes", .problem = "blackscholes", .variant = "", .size = 1000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "prices of options, bound by arithmetic" },
	{ .kernel = "histogram", .problem = "histogram", .variant = "", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "1024 bins, an array of them for each worker" },
	{ .kernel = "prefix_sum", .problem = "prefix_sum", .variant = "", .size = 10000000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "a scan of 64-bit integers" },
	{ .kernel = "kmeans", .problem = "kmeans", .variant = "", .size = 200000, .tiny_size = 1003,
	  .shows = SHOWS_SECONDS,
	  .summary = "10 reductions to 640 bytes" },
};
/* clang-format on */

const unsigned bench_case_count = sizeof(bench_cases) / sizeof(bench_cases[0]);
_Static_assert(sizeof(bench_cases) / sizeof(bench_cases[0]) <= CASES_MAX, "options has a mark for each case");

const char *runtime_name(runtime r)
{
	static const char *const name[RUNTIMES] = { "serial", "skua", "openmp-gcc", "openmp-llvm", "tbb" };
	return name[r];
}

bool runtime_is_peer(runtime r)
{
	return r != SERIAL && r != SKUA;
}

const char *runtime_pinning(runtime r)
{
	static const char *const pinning[RUNTIMES] = {
		"sched_setaffinity to the first core",    "SKUA_BIND=core SKUA_BIND_MAIN=1",
		"OMP_PROC_BIND=true OMP_PLACES=cores",    "OMP_PROC_BIND=true OMP_PLACES=cores",
		"task_scheduler_observer, one core each",
	};
	return pinning[r];
}
