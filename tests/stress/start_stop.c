/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and stopping, over and over: with work, idle, at once, with 1 to 8 workers, and while outside threads go on
 * handing in roots. A SKUA_RUN that meets a stop waits and starts the runtime again; whoever comes gets its result.
 *
 * SKUA_TEST_CYCLES is the number of cycles by one thread, and again by several (default 200; fewer where the program
 * runs slowly).
 */
#include "stress.h"

#define SUBMITTERS 4u

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

static const long fibs[] = { 0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987 };
#define FIBS (sizeof fibs / sizeof fibs[0])

static void run_fib(unsigned n)
{
	long got = SKUA_RUN(fib, (int)n);
	STRESS_REQUIRE(got == fibs[n], "fib %u is not %ld", n, got);
}

/* --- one thread --- */

enum load { LOAD_NONE, LOAD_IDLE, LOAD_WORK, LOAD_WORK_IDLE, LOADS };
static const char *const load_names[] = { "nothing", "idle", "work", "work, then idle" };

static void cycles(unsigned workers, bool lazily, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		enum load load = (enum load)(i % LOADS);
		stress_case("cycle %" PRIu64 ", %u workers, %s", i, workers, load_names[load]);
		if (!lazily) {
			skua_config config = { .workers = workers, .bind = "none" };
			config.no_membarrier = stress_random(4) == 0;
			stress_start(config);
			STRESS_REQUIRE(skua_start(&config) == -EALREADY, "a second start is told so");
			STRESS_REQUIRE(skua_workers() == workers, "there are %u workers", skua_workers());
		}
		if (load == LOAD_WORK || load == LOAD_WORK_IDLE)
			run_fib((unsigned)stress_random(FIBS));
		if (load == LOAD_IDLE || load == LOAD_WORK_IDLE)
			stress_sleep_us((unsigned)stress_random(600));
		skua_stop();
		STRESS_REQUIRE(skua_workers() == 0, "after the stop there are %u workers", skua_workers());
	}
	skua_stop(); /* nothing runs: nothing happens */
}

/* --- others go on --- */

static atomic_bool finish;
static atomic_uint_fast64_t runs[SUBMITTERS];

static void submit(unsigned index)
{
	uint64_t state = stress.seed + index;
	while (!atomic_load_explicit(&finish, memory_order_relaxed)) {
		uint64_t chance = stress_step(&state);
		run_fib((unsigned)(chance % FIBS));
		atomic_fetch_add_explicit(&runs[index], 1, memory_order_relaxed);
		if (chance % 7 == 0)
			stress_sleep_us((unsigned)(chance >> 8) % 200);
	}
}

/* What the submitters start lazily has as many workers as the environment says, if it was not the stopper's start. */
static void race(uint64_t count)
{
	stress_thread threads[SUBMITTERS];
	atomic_store(&finish, false);
	stress_threads_start(threads, SUBMITTERS, submit);
	uint64_t own_starts = 0;
	for (uint64_t i = 0; i < count; i++) {
		stress_case("stop %" PRIu64 " among %u submitters", i, SUBMITTERS);
		if (stress_random(2)) {
			skua_config config = { .workers = 1 + (unsigned)stress_random(8), .bind = "none" };
			config.no_membarrier = stress_random(4) == 0;
			int error = skua_start(&config);
			STRESS_REQUIRE(error == 0 || error == -EALREADY, "skua_start: %s", skua_strerror(error));
			own_starts += error == 0;
		}
		stress_sleep_us((unsigned)stress_random(300));
		if (stress_random(4) == 0)
			(void)stress_stats();
		skua_stop();
	}
	stress_case("the submitters' end");
	atomic_store(&finish, true);
	stress_threads_join(threads, SUBMITTERS);
	uint64_t sum = 0;
	for (unsigned i = 0; i < SUBMITTERS; i++)
		sum += atomic_load(&runs[i]);
	printf("%" PRIu64 " stops, %" PRIu64 " starts of their own, among %" PRIu64 " runs\n", count, own_starts, sum);
	skua_stop();
}

/* Stops that race with each other. */
static uint64_t stops_each;

static void start_and_stop(unsigned index)
{
	uint64_t state = stress.seed ^ index;
	for (uint64_t i = 0; i < stops_each; i++) {
		uint64_t chance = stress_step(&state);
		stress_goes_on();
		if (chance % 3 == 0) {
			skua_config config = { .workers = 1 + (unsigned)(chance >> 8) % 4, .bind = "none" };
			int error = skua_start(&config);
			STRESS_REQUIRE(error == 0 || error == -EALREADY, "skua_start: %s", skua_strerror(error));
		} else if (chance % 3 == 1) {
			run_fib((unsigned)(chance >> 8) % FIBS);
		}
		skua_stop();
	}
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 8 };
	stress_begin(argc, argv);
	uint64_t count = stress_setting("SKUA_TEST_CYCLES", STRESS_SCALED(200, 40));
	long before = 0;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
			cycles(workers[i], false, (count + 7) / 8);
		cycles(0, true, (count + 7) / 8);
		if (round == 0)
			before = stress_resident_kib();
	}
	long after = stress_resident_kib();
	printf("%" PRIu64 " cycles, resident %ld KiB, then %ld KiB\n", count, before, after);
	fflush(stdout);
	if (STRESS_MEMORY_TELLS)
		STRESS_REQUIRE(after < before + 4 * 1024, "resident memory grew from %ld to %ld KiB", before, after);
	race(count);
	stops_each = (count + SUBMITTERS - 1) / SUBMITTERS;
	stress_case("threads that start and stop");
	stress_thread threads[SUBMITTERS];
	stress_threads_start(threads, SUBMITTERS, start_and_stop);
	stress_threads_join(threads, SUBMITTERS);
	return stress_end();
}
