/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several outside threads hand in roots at once, in loops: each gets its own result, all roots are counted, and the
 * memory of the process does not grow with the number of runs.
 *
 * SKUA_TEST_RUNS is the number of runs of all threads together, once per number of workers (default 20,000; fewer where
 * the program runs slowly).
 */
#include "stress.h"

#define THREADS 8u

SKUA_TASK(uint64_t, tree, uint64_t, seed, int, depth)
{
	uint64_t own = stress_step(&seed);
	if (depth == 0)
		return own;
	SKUA_SPAWN(tree, own + 1, depth - 1);
	SKUA_SPAWN(tree, own + 2, depth - 1);
	uint64_t sum = SKUA_CALL(tree, own + 3, depth - 1);
	sum += SKUA_SYNC(tree);
	sum += SKUA_SYNC(tree);
	return sum ^ own;
}

static uint64_t tree_serial(uint64_t seed, int depth)
{
	uint64_t own = stress_step(&seed);
	if (depth == 0)
		return own;
	uint64_t sum = 0;
	for (uint64_t i = 1; i <= 3; i++)
		sum += tree_serial(own + i, depth - 1);
	return sum ^ own;
}

static uint64_t runs_per_thread;
static atomic_uint_fast64_t runs_done;

static void submit(unsigned index)
{
	uint64_t state = stress.seed + index;
	for (uint64_t i = 0; i < runs_per_thread; i++) {
		uint64_t seed = stress_step(&state);
		int depth = (int)(seed % 5);
		uint64_t got = SKUA_RUN(tree, seed, depth);
		uint64_t expected = tree_serial(seed, depth);
		STRESS_REQUIRE(got == expected, "thread %u, run %" PRIu64 ", depth %d: wrong result", index, i, depth);
		atomic_fetch_add_explicit(&runs_done, 1, memory_order_relaxed);
		if (seed % 1000 == 0)
			stress_sleep_us(300); /* sometimes nobody has work */
	}
}

static void run_all(uint64_t runs)
{
	stress_thread threads[THREADS];
	runs_per_thread = (runs + THREADS - 1) / THREADS;
	atomic_store(&runs_done, 0);
	stress_threads_start(threads, THREADS, submit);
	/* New cases for the watchdog while it goes on. */
	uint64_t seen = 0;
	while (seen < runs_per_thread * THREADS) {
		uint64_t now = atomic_load_explicit(&runs_done, memory_order_relaxed);
		if (now != seen)
			stress_case("%u workers, %" PRIu64 " runs done", skua_workers(), now);
		seen = now;
		stress_sleep_us(10000);
	}
	stress_threads_join(threads, THREADS);
}

static void try_workers(unsigned workers, bool no_membarrier, uint64_t runs)
{
	stress_case("%u workers", workers);
	stress_start((skua_config){ .workers = workers, .no_membarrier = no_membarrier, .bind = "none" });
	run_all(runs / 10 + THREADS);
	long before = stress_resident_kib();
	uint64_t roots_before = stress_stats().roots;
	run_all(runs);
	long after = stress_resident_kib();
	skua_worker_stats stats = stress_stats();
	uint64_t roots = stats.roots - roots_before;
	STRESS_REQUIRE(roots == runs_per_thread * THREADS, "%" PRIu64 " roots were begun", roots);
	printf("%u workers, membarrier %s: %" PRIu64 " runs, %" PRIu64 " stolen, %" PRIu64 " suspended, %" PRIu64
	       " fibers, resident %ld KiB, then %ld KiB\n",
	       workers, no_membarrier ? "not used" : "used", roots, stats.stolen, stats.suspended, stats.fibers, before,
	       after);
	fflush(stdout);
	if (STRESS_MEMORY_TELLS)
		STRESS_REQUIRE(after < before + 16 * 1024, "resident memory grew from %ld to %ld KiB", before, after);
	skua_stop();
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 3, 8 };
	stress_begin(argc, argv);
	uint64_t runs = stress_setting("SKUA_TEST_RUNS", STRESS_SCALED(20000, 5000));
	for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
		for (int no_membarrier = 0; no_membarrier < 2; no_membarrier++)
			try_workers(workers[i], no_membarrier, runs);
	return stress_end();
}
