/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks of a worker that does not answer: it spawns some long ones and goes into a long call that reaches neither
 * another spawn nor a sync. With a membarrier they are private, and only forced publication can bring them to the
 * others; without one they are public from the beginning.
 *
 * That it works is seen by who ran what, not by time: the owner's call does not end before all the tasks have been
 * begun by other workers.
 */
#include "stress.h"

#include <stdbool.h>

#define TASKS 7u

static atomic_uint begun;

/* begun is counted first, so that the owner's call can end although all the others compute. */
SKUA_TASK(int, coarse, uint64_t, steps, uint64_t *, result)
{
	int worker = skua_worker_index();
	atomic_fetch_add_explicit(&begun, 1, memory_order_acq_rel);
	*result = stress_work(*result, steps);
	return worker;
}

#define MOVED (TASKS + 1)

/* MOVED: it had to give way at a spawn, and went on on another worker. */
SKUA_TASK(unsigned, produce, uint64_t, steps)
{
	uint64_t results[TASKS];
	int self = skua_worker_index();
	unsigned elsewhere = 0;
	for (unsigned i = 0; i < TASKS; i++) {
		results[i] = i;
		SKUA_SPAWN(coarse, steps, &results[i]);
	}
	bool moved = skua_worker_index() != self;
	/* The long call: the tasks stay as they are until others take them. */
	while (atomic_load_explicit(&begun, memory_order_acquire) < TASKS)
		stress_yield();
	for (unsigned i = TASKS; i-- > 0;) {
		int worker = SKUA_SYNC(coarse);
		elsewhere += worker != self;
		STRESS_REQUIRE(results[i] == stress_work(i, steps), "task %u left a wrong result", i);
	}
	return moved ? MOVED : elsewhere;
}

/* The same from a nest of calls, each of which left a task behind: the old ones are deep below. */
SKUA_TASK(unsigned, nest, int, depth, uint64_t, steps)
{
	if (depth == 0)
		return SKUA_CALL(produce, steps);
	uint64_t result = (uint64_t)depth;
	SKUA_SPAWN(coarse, steps, &result);
	unsigned elsewhere = SKUA_CALL(nest, depth - 1, steps);
	SKUA_SYNC(coarse);
	STRESS_REQUIRE(result == stress_work((uint64_t)depth, steps), "the task at depth %d left a wrong result",
		       depth);
	return elsewhere;
}

/* A call that spawns nothing and computes, without a look at anything: the owner runs its own rest at last. */
SKUA_TASK(unsigned, produce_and_compute, uint64_t, steps)
{
	uint64_t results[TASKS];
	unsigned seen = 0;
	for (unsigned i = 0; i < TASKS; i++) {
		results[i] = i;
		SKUA_SPAWN(coarse, steps, &results[i]);
	}
	volatile uint64_t sink = stress_work(99, steps);
	(void)sink;
	for (unsigned i = TASKS; i-- > 0;) {
		seen |= 1u << SKUA_SYNC(coarse);
		STRESS_REQUIRE(results[i] == stress_work(i, steps), "task %u left a wrong result", i);
	}
	return seen;
}

/* How many steps take about as many microseconds. */
static uint64_t steps_of_us(uint64_t us)
{
	static double steps_per_us;
	if (steps_per_us <= 0) {
		uint64_t begin = stress_now_ns(), steps = 1 << 16;
		volatile uint64_t sink = stress_work(1, steps);
		(void)sink;
		steps_per_us = (double)steps * 1000 / (double)(stress_now_ns() - begin + 1);
	}
	return (uint64_t)(steps_per_us * (double)us);
}

static void try_workers(unsigned workers, bool no_membarrier, double until)
{
	unsigned runs = 0, shared = 0, moved = 0;
	stress_case("%u workers, membarrier %s", workers, no_membarrier ? "not used" : "used");
	stress_start((skua_config){ .workers = workers, .no_membarrier = no_membarrier, .bind = "none" });
	do {
		stress_case("%u workers, membarrier %s, run %u", workers, no_membarrier ? "not used" : "used", runs);
		/* Some runs find the others asleep. */
		if (runs % 4 == 0)
			stress_sleep_us(2000);
		atomic_store(&begun, 0);
		unsigned elsewhere = SKUA_RUN(produce, stress_random(3000));
		moved += elsewhere == MOVED;
		STRESS_REQUIRE(elsewhere >= TASKS, "%u of %u tasks ran elsewhere", elsewhere, TASKS);
		atomic_store(&begun, 0);
		int depth = (int)stress_random(30);
		elsewhere = SKUA_RUN(nest, depth, stress_random(300));
		/* Those of the nest count as begun too, so the owner may keep some of its own. */
		STRESS_REQUIRE(elsewhere <= MOVED, "%u of %u tasks ran elsewhere", elsewhere, TASKS);
		unsigned seen = SKUA_RUN(produce_and_compute, steps_of_us(500));
		shared += (seen & (seen - 1)) != 0;
		runs++;
	} while (stress_time_used() < until || (shared == 0 && runs < 1000)); /* the machine may be busy with others */
	skua_worker_stats stats = stress_stats();
	printf("%u workers, membarrier %s: %u runs, %u of them shared the computation, %" PRIu64 " stolen, %" PRIu64
	       " forced\n",
	       workers, no_membarrier ? "not used" : "used", runs, shared, stats.stolen, stats.forced);
	fflush(stdout);
	STRESS_REQUIRE(moved <= runs / 4 + 1, "%u of %u runs moved", moved, runs);
	STRESS_REQUIRE(shared > 0, "one worker ran everything in each of %u runs", runs);
	skua_stop();
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 2, 3, 8 };
	stress_begin(argc, argv);
	for (unsigned i = 0; i < 6; i++)
		try_workers(workers[i / 2], i % 2, (i + 1) / 6.0);
	return stress_end();
}
