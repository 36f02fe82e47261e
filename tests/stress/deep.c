/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth and width at the limits: 100,000 nested spawns on one large stack, nearly as many spawned tasks at once as the
 * default of SKUA_TASK_SLOTS allows, exactly as many as a small setting allows, and unbalanced trees that are thousands
 * of levels deep.
 */
#include "stress.h"

/* Instrumented frames are large; ThreadSanitizer's own call stack ends at some 64,000 entries. */
#define NESTED (STRESS_TSAN ? 10000u : 100000u)
/* In the hostile build each step off the fast path may rest; without membarrier each spawn and each sync is one. */
#define EAGER(count) STRESS_SCALED(count, (count) < 20000 ? (count) : 20000)

#define NESTED_STACK_BYTES ((size_t)(STRESS_TSAN ? 64 : STRESS_ASAN ? 512 : 256) << 20)

/* LeakSanitizer reads all slots of all fibers, which touches their memory. */
#define WIDE (STRESS_TSAN || STRESS_ASAN ? 100000u : 999999u)

SKUA_TASK(uint64_t, nested, unsigned, depth)
{
	if (depth == 0)
		return 0;
	SKUA_SPAWN(nested, depth - 1);
	return SKUA_SYNC(nested) + depth;
}

/* The same with the older spawns left open at each level: the task stack is as deep as the stack. */
SKUA_TASK(uint64_t, one, uint64_t, value)
{
	return value;
}

SKUA_TASK(uint64_t, nested_open, unsigned, depth)
{
	if (depth == 0)
		return 0;
	SKUA_SPAWN(one, depth);
	SKUA_SPAWN(nested_open, depth - 1);
	uint64_t below = SKUA_SYNC(nested_open);
	return SKUA_SYNC(one) + below;
}

static uint64_t sum_to(uint64_t n)
{
	return n * (n + 1) / 2;
}

static void deep(unsigned workers, bool no_membarrier)
{
	unsigned depth = no_membarrier ? EAGER(NESTED) : NESTED;
	stress_case("%u nested spawns, %u workers, membarrier %s", depth, workers, no_membarrier ? "not used" : "used");
	stress_start((skua_config){ .workers = workers,
				    .no_membarrier = no_membarrier,
				    .bind = "none",
				    .stack_bytes = NESTED_STACK_BYTES,
				    .task_slots = 2 * NESTED });
	for (unsigned i = 0; i < 2; i++) {
		uint64_t got = SKUA_RUN(nested, depth);
		STRESS_REQUIRE(got == sum_to(depth), "nested gave %" PRIu64, got);
		got = SKUA_RUN(nested_open, depth);
		STRESS_REQUIRE(got == sum_to(depth), "nested_open gave %" PRIu64, got);
	}
	skua_stop();
}

/* --- width --- */

static atomic_uchar *visited;

SKUA_TASK(unsigned, leaf, unsigned, index)
{
	unsigned before = atomic_fetch_add_explicit(&visited[index], 1, memory_order_relaxed);
	STRESS_REQUIRE(before == 0, "task %u ran again", index);
	return index ^ 1;
}

/* Returns the index of the first sync that gave a wrong result, or count. */
SKUA_TASK(unsigned, spawn_all, unsigned, count)
{
	unsigned wrong = count;
	for (unsigned i = 0; i < count; i++)
		SKUA_SPAWN(leaf, i);
	for (unsigned i = count; i-- > 0;)
		if (SKUA_SYNC(leaf) != (i ^ 1))
			wrong = i;
	return wrong;
}

static void wide(unsigned workers, bool no_membarrier, unsigned count, size_t slots)
{
	stress_case("%u spawned tasks at once, %u workers, membarrier %s", count, workers,
		    no_membarrier ? "not used" : "used");
	stress_start((skua_config){
		.workers = workers, .no_membarrier = no_membarrier, .bind = "none", .task_slots = slots });
	visited = calloc(count, sizeof *visited);
	STRESS_REQUIRE(visited, "no memory");
	unsigned wrong = SKUA_RUN(spawn_all, count);
	STRESS_REQUIRE(wrong == count, "task %u gave a wrong result", wrong);
	for (unsigned i = 0; i < count; i++)
		STRESS_REQUIRE(visited[i] == 1, "task %u ran %u times", i, visited[i]);
	free(visited);
	skua_stop();
}

/* --- unbalanced depth --- */

/* Nearly always one child, sometimes two, whose second line soon ends: levels without end, hardly any width. */
SKUA_TASK(uint64_t, thin, uint64_t, seed, unsigned, levels)
{
	if (levels == 0)
		return 1;
	uint64_t chance = stress_step(&seed);
	if (chance % 4) {
		SKUA_SPAWN(thin, seed, levels - 1);
		return SKUA_SYNC(thin) + 1;
	}
	SKUA_SPAWN(thin, seed + 1, levels - 1);
	uint64_t second = SKUA_CALL(thin, seed + 2, levels < 9 ? levels - 1 : 8);
	return SKUA_SYNC(thin) + second + 1;
}

static uint64_t thin_serial(uint64_t seed, unsigned levels)
{
	if (levels == 0)
		return 1;
	uint64_t chance = stress_step(&seed);
	if (chance % 4)
		return thin_serial(seed, levels - 1) + 1;
	return thin_serial(seed + 1, levels - 1) + thin_serial(seed + 2, levels < 9 ? levels - 1 : 8) + 1;
}

static void unbalanced(unsigned workers, bool no_membarrier, double until)
{
	stress_start((skua_config){ .workers = workers,
				    .no_membarrier = no_membarrier,
				    .bind = "none",
				    .stack_bytes = (size_t)64 << 20 });
	do {
		uint64_t seed = stress_random(UINT64_C(1) << 32);
		unsigned levels = (unsigned)stress_random(5000);
		stress_case("unbalanced tree %" PRIu64 " of %u levels, %u workers", seed, levels, workers);
		uint64_t got = SKUA_RUN(thin, seed, levels), expected = thin_serial(seed, levels);
		STRESS_REQUIRE(got == expected, "%" PRIu64 " nodes, not %" PRIu64, got, expected);
	} while (stress_time_used() < until);
	skua_stop();
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 8 };
	stress_begin(argc, argv);
	for (unsigned i = 0; i < 6; i++) {
		deep(workers[i / 2], i % 2);
		wide(workers[i / 2], i % 2, i % 2 ? EAGER(WIDE) : WIDE, STRESS_ASAN ? WIDE : 0);
		wide(workers[i / 2], i % 2, 16, 16);
		wide(workers[i / 2], i % 2, 5000, 5000);
	}
	double begin = stress_time_used();
	begin = begin < 0.7 ? begin : 0.7; /* some time in any case */
	for (unsigned i = 0; i < 6; i++)
		unbalanced(workers[i / 2], i % 2, stress_time_used() + (1 - begin) / 6);
	return stress_end();
}
