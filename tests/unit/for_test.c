/* SPDX-License-Identifier: Apache-2.0 */
/* skua_for and its schedules: every index exactly once, wherever the loop is called and whatever its bodies do. */
#include "loop/pace.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <stdlib.h>
#include <string.h>

#define MOST 100000u

static SK_ATOMIC(uint32_t) times[MOST + 64];
static SK_ATOMIC(uint32_t) calls, outside, misplaced;
static size_t grain_of, begin_of, end_of;

static void forget(size_t begin, size_t end, size_t grain)
{
	for (size_t i = 0; i < MOST + 64; i++)
		sk_store_relaxed(&times[i], 0);
	sk_store_relaxed(&calls, 0);
	sk_store_relaxed(&outside, 0);
	sk_store_relaxed(&misplaced, 0);
	begin_of = begin;
	end_of = end;
	grain_of = grain;
}

static void mark(size_t begin, size_t end, void *arg)
{
	sk_add_relaxed(&calls, 1);
	if (skua_worker_index() < 0 || arg != &calls)
		sk_add_relaxed(&outside, 1);
	if (begin >= end || begin < begin_of || end > end_of || (begin - begin_of) % grain_of != 0 ||
	    ((end - begin_of) % grain_of != 0 && end != end_of))
		sk_add_relaxed(&misplaced, 1);
	for (size_t i = begin; i < end; i++)
		sk_add_relaxed(&times[i], 1);
}

static void check(size_t begin, size_t end, const char *what)
{
	for (size_t i = 0; i < MOST + 64; i++) {
		uint32_t expected = i >= begin && i < end;
		SURELY(sk_load_relaxed(&times[i]) == expected, "%s [%zu, %zu): %zu was run %u times", what, begin, end,
		       i, sk_load_relaxed(&times[i]));
	}
	cr_assert_eq(sk_load_relaxed(&outside), 0, "%s: on a worker, with its argument", what);
	cr_assert_eq(sk_load_relaxed(&misplaced), 0, "%s: pieces are in the range and begin at grains", what);
}

static const struct {
	size_t begin, end;
} ranges[] = { { 0, 0 }, { 5, 5 }, { 7, 3 }, { 0, 1 }, { 3, 5 }, { 1, 64 }, { 0, 1000 }, { 17, 4096 }, { 0, MOST } };

static void all_ranges_under(const skua_loop *how, const char *what)
{
	size_t grain = how && how->grain ? how->grain : 1;
	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		size_t begin = ranges[r].begin, end = ranges[r].end;
		forget(begin, end, grain);
		skua_for_with(how, begin, end, mark, (void *)&calls);
		check(begin, end, what);
		if (end <= begin)
			cr_assert_eq(sk_load_relaxed(&calls), 0, "an empty range calls nobody");
		if (how && how->schedule == SKUA_FIXED && end > begin)
			cr_assert_eq(sk_load_relaxed(&calls), (end - begin - 1) / grain + 1, "one call for each grain");
		if (how && how->schedule == SKUA_STATIC)
			cr_assert_leq(sk_load_relaxed(&calls), skua_workers());
	}
}

static void every_schedule(void)
{
	static const size_t grains[] = { 0, 1, 2, 7, 64, 1000000 };
	all_ranges_under(NULL, "default");
	for (size_t g = 0; g < sizeof(grains) / sizeof(grains[0]); g++) {
		skua_loop adaptive = { SKUA_ADAPTIVE, grains[g] }, fixed = { SKUA_FIXED, grains[g] },
			  parts = { SKUA_STATIC, grains[g] };
		all_ranges_under(&adaptive, "adaptive");
		all_ranges_under(&fixed, "fixed");
		all_ranges_under(&parts, "static");
	}
}

SKUA_TASK(void, in_a_task, int, none)
{
	(void)none;
	every_schedule();
}

Test(loops, every_index_once_from_outside)
{
	with_workers(1, 4, every_schedule);
}

static void run_in_a_task(void)
{
	SKUA_RUN(in_a_task, 0);
}

Test(loops, every_index_once_from_inside_a_task)
{
	with_workers(1, 3, run_in_a_task);
}

Test(loops, start_the_runtime)
{
	cr_assert_eq(skua_workers(), 0);
	forget(0, 10, 1);
	skua_for(0, 10, mark, (void *)&calls);
	check(0, 10, "first use");
	cr_assert_gt(skua_workers(), 0);
	skua_stop();
}

/* --- remembered loops --- */

Test(loops, a_short_loop_that_comes_often_is_called_whole)
{
	start(2, false);
	for (int i = 0; i < 2000; i++) {
		forget(0, 16, 1);
		skua_for(0, 16, mark, (void *)&calls);
		SURELY(sk_load_relaxed(&calls) <= 16, "calls");
	}
	check(0, 16, "often");
	skua_stop();
}

static void light_or_heavy(size_t begin, size_t end, void *arg)
{
	bool heavy = *(const bool *)arg;
	for (size_t i = begin; i < end; i++) {
		sk_add_relaxed(&times[i], 1);
		for (volatile int spin = 0; heavy && spin < 20000; spin++)
			;
	}
}

Test(loops, a_body_that_suddenly_takes_long_is_still_cut)
{
	start(2, false);
	for (int round = 0; round < CROWD_ROUNDS(300); round++) {
		bool heavy = round % 50 == 49;
		forget(0, 64, 1);
		skua_for(0, 64, light_or_heavy, &heavy);
		check(0, 64, heavy ? "heavy" : "light");
	}
	skua_stop();
}

/* --- bodies that do more --- */

static void loops_again(size_t begin, size_t end, void *arg)
{
	for (size_t i = begin; i < end; i++)
		skua_for(i * 100, i * 100 + 100, mark, arg);
}

static void nested(void)
{
	forget(0, 5000, 1);
	skua_for(0, 50, loops_again, (void *)&calls);
	begin_of = 0;
	for (size_t i = 0; i < 5000; i++)
		SURELY(sk_load_relaxed(&times[i]) == 1, "%zu was run %u times", i, sk_load_relaxed(&times[i]));
}

Test(loops, bodies_that_loop_again)
{
	with_workers(1, 4, nested);
}

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long y = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + y;
}

static void spawns(size_t begin, size_t end, void *arg)
{
	for (size_t i = begin; i < end; i++)
		((long *)arg)[i] = SKUA_RUN(fib, (int)(i % 12));
}

static void with_tasks(void)
{
	static const long expected[12] = { 0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89 };
	long results[500];
	skua_loop how[] = { { SKUA_ADAPTIVE, 0 }, { SKUA_FIXED, 3 }, { SKUA_STATIC, 0 } };
	for (size_t h = 0; h < 3; h++) {
		memset(results, 0xff, sizeof results);
		skua_for_with(&how[h], 0, 500, spawns, results);
		for (size_t i = 0; i < 500; i++)
			SURELY(results[i] == expected[i % 12], "fib %zu is %ld", i % 12, results[i]);
	}
}

Test(loops, bodies_that_spawn)
{
	with_workers(1, 4, with_tasks);
}

static event gates[200];

SKUA_TASK(void, wait_at, size_t, i)
{
	event_await(sk_fiber_, &gates[i]);
}

/* An even index waits, in a suspended fiber, for what the next odd one does. */
static void waits_or_fires(size_t begin, size_t end, void *arg)
{
	(void)arg;
	for (size_t i = end; i-- > begin;) {
		if (i % 2)
			event_fire(&gates[i - 1]);
		else
			SKUA_RUN(wait_at, i);
		sk_add_relaxed(&times[i], 1);
	}
}

static void suspending(void)
{
	skua_loop how[] = { { SKUA_ADAPTIVE, 2 }, { SKUA_FIXED, 2 }, { SKUA_STATIC, 2 } };
	for (size_t h = 0; h < 3; h++) {
		forget(0, 200, 1);
		for (size_t i = 0; i < 200; i++)
			sk_store_relaxed(&gates[i], 0);
		skua_for_with(&how[h], 0, 200, waits_or_fires, NULL);
		check(0, 200, "suspending");
	}
}

Test(loops, bodies_that_suspend)
{
	with_workers(1, 4, suspending);
}

/* A piece waits until another worker has begun a later piece of the same loop: that it can be taken meanwhile. */
static flag later;

static void first_waits_for_later(size_t begin, size_t end, void *arg)
{
	(void)end;
	(void)arg;
	if (begin >= 32)
		flag_raise(&later);
	if (begin == 0)
		flag_await(&later);
}

static void while_a_leaf_runs(void)
{
	/* A body that is remembered as short may be run by one worker alone, and this one would wait for ever. */
	sk_pace_blame((const void *)first_waits_for_later); /* NOLINT: a function's address, as in the library */
	sk_store_relaxed(&later, 0);
	skua_for(0, 64, first_waits_for_later, NULL);
}

Test(loops, what_is_left_can_be_taken_while_a_leaf_runs)
{
	with_workers(2, 4, while_a_leaf_runs);
}

/* --- all indices there are --- */

static SK_ATOMIC(size_t) sum_of_lengths;

/* Has nothing to do for almost all of them, as one that looks for a few; for the first it takes a moment. */
static void counts_lengths(size_t begin, size_t end, void *arg)
{
	if (begin >= end || arg != &calls)
		sk_add_relaxed(&misplaced, 1);
	for (volatile int spin = 0; begin == 0 && spin < 1000; spin++)
		;
	sk_add_relaxed(&sum_of_lengths, end - begin);
}

static void loop_over_all(const skua_loop *how, size_t begin, size_t end)
{
	sk_store_relaxed(&sum_of_lengths, 0);
	sk_store_relaxed(&misplaced, 0);
	skua_for_with(how, begin, end, counts_lengths, (void *)&calls);
	cr_assert_eq(sk_load_relaxed(&sum_of_lengths), end - begin, "[%zu, %zu)", begin, end);
	cr_assert_eq(sk_load_relaxed(&misplaced), 0, "a piece is empty");
}

/* Where each product and each middle could overflow, also when what is remembered of one index is taken times all. */
static void over_all(void)
{
	const skua_loop parts = { SKUA_STATIC, 1 }, grain = { SKUA_ADAPTIVE, 2 };
	for (int round = 0; round < 20; round++) {
		loop_over_all(NULL, 0, SIZE_MAX);
		loop_over_all(NULL, 0, 1);
		loop_over_all(NULL, 0, SIZE_MAX);
		loop_over_all(NULL, SIZE_MAX - 1, SIZE_MAX);
		loop_over_all(&parts, 0, SIZE_MAX);
		loop_over_all(&grain, 0, SIZE_MAX);
	}
}

Test(loops, over_all_indices_there_are)
{
	with_workers(1, 4, over_all);
}

/* --- static --- */

static void every_index_once(void)
{
	const skua_loop parts = { .schedule = SKUA_STATIC };
	all_ranges_under(&parts, "static");
}

/* More parts than there is room for on the stack. */
Test(loops, a_static_loop_on_many_workers)
{
	start(70, false);
	every_index_once();
	skua_stop();
}

static SK_ATOMIC(int32_t) who[64];

static void note_who(size_t begin, size_t end, void *arg)
{
	flag *all = arg;
	for (size_t i = begin; i < end; i++)
		sk_store_relaxed(&who[i], skua_worker_index());
	sk_add_acq_rel(all, 1);
	while (sk_load_acquire(all) < skua_workers())
		sched_yield(); /* so that everybody comes */
}

Test(loops, a_static_loop_gives_each_worker_its_own_part)
{
	start(4, false);
	skua_loop how = { .schedule = SKUA_STATIC };
	for (int round = 0; round < CROWD_ROUNDS(200); round++) {
		flag all = SK_ATOMIC_INIT(0);
		skua_for_with(&how, 0, 64, note_who, &all);
		for (size_t i = 0; i < 64; i++)
			SURELY(sk_load_relaxed(&who[i]) == (int32_t)(i / 16), "%zu was run by worker %d", i,
			       sk_load_relaxed(&who[i]));
	}
	skua_stop();
}

static uint32_t of_thread[4][3000];

static void add_one(size_t begin, size_t end, void *arg)
{
	for (size_t i = begin; i < end; i++)
		((uint32_t *)arg)[i]++;
}

static void loop_often(void *arg, unsigned index)
{
	(void)arg;
	for (int i = 0; i < CROWD_ROUNDS(500); i++)
		skua_for(0, 3000, add_one, of_thread[index]);
}

Test(loops, from_several_threads_at_once)
{
	start(3, false);
	crowd threads;
	crowd_start(&threads, 4, loop_often, NULL);
	crowd_join(&threads);
	for (unsigned t = 0; t < 4; t++)
		for (size_t i = 0; i < 3000; i++)
			SURELY(of_thread[t][i] == CROWD_ROUNDS(500), "thread %u: %zu was run %u times", t, i,
			       of_thread[t][i]);
	skua_stop();
}
