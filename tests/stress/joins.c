/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspended joins.
 *
 * orders   a task spawns some others, all are stolen and held at gates; the gates are opened in every order, and the
 *          owner begins to sync at every point of that order: before the first gate, between any two, after the last.
 * chain    each task spawns the next, sees it stolen, and waits for it: thousands of fibers wait at the same time, and
 *          then all go on, one after the other.
 * brush    many owners wait at once for stolen tasks that end in random order.
 *
 * Each fiber has its own errno, which nobody else changes, also when it goes on on another thread.
 */
#include "stress.h"

#define GATES 4u

static atomic_uint started;            /* tasks that stand at their gates */
static atomic_bool gate_open[GATES];
static atomic_uint opened;             /* gates the owner wants to be open before it syncs */
static unsigned order[GATES];          /* in which the gates are opened */
static unsigned opened_before_sync;
static atomic_bool finish;

/* Compilers read the address of errno once per function; these look for it anew. */
static __attribute__((noinline)) int errno_get(void)
{
	__asm__ volatile("");
	return errno;
}

static __attribute__((noinline)) void errno_set(int value)
{
	__asm__ volatile("");
	errno = value;
}

static void wait_for(atomic_uint *word, unsigned value)
{
	while (atomic_load_explicit(word, memory_order_acquire) < value)
		stress_yield();
}

SKUA_TASK(uint64_t, gated, unsigned, index, uint64_t, seed)
{
	int own_errno = 1000 + (int)index;
	errno_set(own_errno);
	atomic_fetch_add_explicit(&started, 1, memory_order_acq_rel);
	while (!atomic_load_explicit(&gate_open[index], memory_order_acquire))
		stress_yield();
	STRESS_REQUIRE(errno_get() == own_errno, "errno of task %u became %d", index, errno_get());
	return stress_work(seed + index, 10);
}

SKUA_TASK(uint64_t, owner, uint64_t, seed)
{
	for (unsigned i = 0; i < GATES; i++)
		SKUA_SPAWN(gated, i, seed);
	wait_for(&started, GATES); /* so all of them are stolen */
	wait_for(&opened, opened_before_sync);
	uint64_t sum = 0;
	errno_set(2000);
	for (unsigned i = GATES; i-- > 0;) {
		uint64_t got = SKUA_SYNC(gated);
		STRESS_REQUIRE(errno_get() == 2000, "errno of the owner became %d", errno_get());
		STRESS_REQUIRE(got == stress_work(seed + i, 10), "task %u gave a wrong result", i);
		sum += got;
	}
	return sum;
}

/* Opens the gates of one run: those before the sync at once, the others when the owner's fiber is suspended. */
static void open_gates(uint64_t suspended_before)
{
	wait_for(&started, GATES);
	for (unsigned i = 0; i < GATES; i++) {
		if (i == opened_before_sync) {
			uint64_t until = stress_now_ns() + 20000000;
			while (stress_stats().suspended == suspended_before && stress_now_ns() < until)
				stress_yield();
		}
		atomic_store_explicit(&gate_open[order[i]], true, memory_order_release);
		atomic_fetch_add_explicit(&opened, 1, memory_order_release);
	}
}

static atomic_uint run_wanted, run_ended;
static uint64_t run_suspended_before;

static void opener(unsigned index)
{
	(void)index;
	for (unsigned run = 1;; run++) {
		while (atomic_load_explicit(&run_wanted, memory_order_acquire) < run) {
			if (atomic_load(&finish))
				return;
			stress_yield();
		}
		open_gates(run_suspended_before);
		atomic_store_explicit(&run_ended, run, memory_order_release);
	}
}

static void run_order(uint64_t seed)
{
	static unsigned run;
	for (unsigned i = 0; i < GATES; i++)
		atomic_store(&gate_open[i], false);
	atomic_store(&started, 0);
	atomic_store(&opened, 0);
	run_suspended_before = stress_stats().suspended;
	atomic_store_explicit(&run_wanted, ++run, memory_order_release);
	uint64_t got = SKUA_RUN(owner, seed);
	uint64_t expected = 0;
	for (unsigned i = 0; i < GATES; i++)
		expected += stress_work(seed + i, 10);
	STRESS_REQUIRE(got == expected, "the owner gave a wrong sum");
	wait_for(&run_ended, run);
}

/* All permutations of order[at..]. */
static void permute(unsigned at, unsigned *runs)
{
	if (at == GATES) {
		for (opened_before_sync = 0; opened_before_sync <= GATES; opened_before_sync++, ++*runs) {
			stress_case("order %u %u %u %u, sync after %u", order[0], order[1], order[2], order[3],
				    opened_before_sync);
			run_order(*runs);
		}
		return;
	}
	for (unsigned i = at; i < GATES; i++) {
		unsigned swapped = order[at];
		order[at] = order[i];
		order[i] = swapped;
		permute(at + 1, runs);
		order[i] = order[at];
		order[at] = swapped;
	}
}

static void orders(bool no_membarrier)
{
	stress_start((skua_config){ .workers = GATES + 2, .no_membarrier = no_membarrier, .bind = "none" });
	unsigned runs = 0;
	for (unsigned i = 0; i < GATES; i++)
		order[i] = i;
	permute(0, &runs);
	skua_worker_stats stats = stress_stats();
	printf("orders: %u runs, %" PRIu64 " stolen, %" PRIu64 " forced, %" PRIu64 " suspended\n", runs, stats.stolen,
	       stats.forced, stats.suspended);
	fflush(stdout);
	STRESS_REQUIRE(stats.suspended > 0, "no owner was suspended");
	skua_stop();
}

/* --- many that wait at the same time --- */

static atomic_uint depth_reached;

SKUA_TASK(unsigned, chain, unsigned, depth, unsigned, end)
{
	atomic_store_explicit(&depth_reached, depth, memory_order_release);
	if (depth == end)
		return 0;
	SKUA_SPAWN(chain, depth + 1, end);
	wait_for(&depth_reached, depth + 1); /* so it is stolen, and the sync waits */
	return SKUA_SYNC(chain) + 1;
}

static void run_chain(unsigned workers, bool no_membarrier, unsigned length)
{
	stress_case("chain of %u, %u workers", length, workers);
	skua_config config = { .workers = workers, .no_membarrier = no_membarrier, .bind = "none" };
	config.stack_bytes = (size_t)64 << 10;
	config.task_slots = 64;
	stress_start(config);
	atomic_store(&depth_reached, 0);
	unsigned got = SKUA_RUN(chain, 0, length);
	STRESS_REQUIRE(got == length, "the chain gave %u, not %u", got, length);
	skua_worker_stats stats = stress_stats();
	printf("chain of %u, %u workers: %" PRIu64 " suspended, %" PRIu64 " fibers\n", length, workers, stats.suspended,
	       stats.fibers);
	fflush(stdout);
	/* Only the workers' own pace can save a suspension: a task that ends while its owner still looks. */
	STRESS_REQUIRE(stats.suspended >= length - workers, "only %" PRIu64 " were suspended", stats.suspended);
	skua_stop();
}

/* --- random ends --- */

SKUA_TASK(uint64_t, bristle, uint64_t, seed)
{
	uint64_t steps = stress_step(&seed) % 4000;
	if (steps % 16 == 0)
		stress_yield();
	return stress_work(seed, steps);
}

SKUA_TASK(uint64_t, brush, uint64_t, seed, int, depth)
{
	uint64_t sum = 0;
	if (depth == 0) {
		for (unsigned i = 0; i < 4; i++)
			SKUA_SPAWN(bristle, seed + i);
		for (unsigned i = 0; i < 4; i++)
			sum += SKUA_SYNC(bristle);
		return sum;
	}
	for (unsigned i = 1; i <= 3; i++)
		SKUA_SPAWN(brush, seed * 5 + i, depth - 1);
	for (unsigned i = 0; i < 3; i++)
		sum = sum * 3 + SKUA_SYNC(brush);
	return sum;
}

static uint64_t bristle_serial(uint64_t seed)
{
	uint64_t steps = stress_step(&seed) % 4000;
	return stress_work(seed, steps);
}

static uint64_t brush_serial(uint64_t seed, int depth)
{
	uint64_t sum = 0;
	for (unsigned i = 4; depth == 0 && i-- > 0;)
		sum += bristle_serial(seed + i);
	for (unsigned i = 3; depth > 0 && i > 0; i--)
		sum = sum * 3 + brush_serial(seed * 5 + i, depth - 1);
	return sum;
}

static void run_brush(unsigned workers, bool no_membarrier, double until)
{
	stress_case("brush, %u workers", workers);
	stress_start((skua_config){ .workers = workers, .no_membarrier = no_membarrier, .bind = "none" });
	unsigned runs = 0;
	do {
		uint64_t seed = stress_random(UINT64_C(1) << 40);
		stress_case("brush %u, %u workers", runs, workers);
		STRESS_REQUIRE(SKUA_RUN(brush, seed, 4) == brush_serial(seed, 4), "brush of %" PRIu64, seed);
		runs++;
	} while (stress_time_used() < until);
	skua_worker_stats stats = stress_stats();
	printf("brush, %u workers: %u runs, %" PRIu64 " stolen, %" PRIu64 " suspended\n", workers, runs, stats.stolen,
	       stats.suspended);
	fflush(stdout);
	skua_stop();
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 2, 3, 8 };
	stress_begin(argc, argv);
	stress_thread thread;
	stress_threads_start(&thread, 1, opener);
	orders(false);
	orders(true);
	atomic_store(&finish, true);
	stress_threads_join(&thread, 1);
	for (unsigned i = 0; i < 6; i++)
		run_chain(workers[i / 2], i % 2, STRESS_SCALED(4000, 400));
	double begin = stress_time_used();
	begin = begin < 0.5 ? begin : 0.5; /* some time in any case */
	for (unsigned i = 0; i < 6; i++)
		run_brush(workers[i / 2], i % 2, stress_time_used() + (1 - begin) / 6);
	return stress_end();
}
