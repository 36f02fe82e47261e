/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins of stolen tasks in each order of finishing. The tasks look at the hidden parameters of the macros, sk_fiber_
 * and sk_head_.
 */
#include "sched/join.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <skua/skua.h>
#include <string.h>

#define DONE ((uintptr_t)1)

static flag begun;

/* --- two who finish: thief first, owner first, at once --- */

SKUA_TASK(long, ends_at_once, long, id)
{
	return id * 3;
}

SKUA_TASK(long, joins_when_the_thief_is_done, long, id)
{
	const sk_slot *slot = sk_head_;
	SKUA_SPAWN(ends_at_once, id);
	while (state_of(slot) != DONE)
		sched_yield();
	return SKUA_SYNC(ends_at_once);
}

static void join_after_the_thief(void)
{
	for (long id = 1; id <= 100; id++)
		cr_assert_eq(SKUA_RUN(joins_when_the_thief_is_done, id), id * 3);
	cr_assert_eq(total().suspended, 0, "nobody had to wait");
	cr_assert_eq(total().stolen, 100);
}

Test(join, a_thief_that_finishes_first_leaves_its_result)
{
	with_workers(2, 3, join_after_the_thief);
}

typedef struct place {
	long id;
	int worker;
} place;

SKUA_TASK(place, ends_when_its_owner_waits, const sk_slot *, slot, long, id)
{
	flag_raise(&begun);
	while (state_of(slot) == 0)
		sched_yield();
	return (place){ id * 5, skua_worker_index() };
}

SKUA_TASK(long, waits_for_the_thief, long, id)
{
	int before = skua_worker_index();
	SKUA_SPAWN(ends_when_its_owner_waits, sk_head_, id);
	flag_await(&begun);
	place child = SKUA_SYNC(ends_when_its_owner_waits);
	if (child.worker == before)
		return -1; /* nobody stole it */
	if (child.worker != skua_worker_index())
		return -2; /* not the last finisher runs the owner */
	return child.id;
}

static void join_before_the_thief(void)
{
	for (long id = 1; id <= 100; id++) {
		sk_store_release(&begun, 0);
		cr_assert_eq(SKUA_RUN(waits_for_the_thief, id), id * 5);
	}
	cr_assert_eq(total().suspended, 100, "each owner stopped once");
}

Test(join, an_owner_that_waits_goes_on_at_once_on_the_worker_of_the_thief)
{
	with_workers(2, 3, join_before_the_thief);
}

static void dawdle(unsigned turns)
{
	for (unsigned i = 0; i < turns; i++)
		sk_spin_hint();
}

SKUA_TASK(long, ends_about_now, long, id, unsigned, turns)
{
	flag_raise(&begun);
	dawdle(turns);
	return id * 7;
}

SKUA_TASK(long, joins_about_now, long, id, unsigned, thiefs, unsigned, owners)
{
	SKUA_SPAWN(ends_about_now, id, thiefs);
	flag_await(&begun);
	dawdle(owners);
	return SKUA_SYNC(ends_about_now);
}

static void join_at_once(void)
{
	uint32_t random = 1;
	for (long id = 1; id <= (long)CROWD_ROUNDS(5000); id++) {
		random = random * 1664525 + 1013904223;
		sk_store_release(&begun, 0);
		SURELY(SKUA_RUN(joins_about_now, id, random >> 10 & 127, random >> 20 & 127) == id * 7, "task %ld", id);
	}
}

Test(join, owner_and_thief_may_finish_at_the_same_moment)
{
	with_workers(2, 3, join_at_once);
}

/* --- many joins --- */

static flag rung[256];

/* Each rung waits for the one below, which runs elsewhere: all but one are suspended at the end. */
SKUA_TASK(long, ladder, long, n)
{
	flag_raise(&rung[n]);
	if (n == 0)
		return 0;
	SKUA_SPAWN(ladder, n - 1);
	flag_await(&rung[n - 1]);
	return SKUA_SYNC(ladder) + n;
}

static void climb(void)
{
	memset(rung, 0, sizeof rung);
	cr_assert_eq(SKUA_RUN(ladder, 200), 200 * 201 / 2);
	cr_assert_geq(total().stolen, 200);
}

Test(join, hundreds_of_owners_may_wait_for_each_other_in_a_row)
{
	with_workers(2, 3, climb);
}

/* A tree of uneven tasks, each of which proves by its number that it ran. */
SKUA_TASK(uint64_t, uneven, uint64_t, number, unsigned, depth)
{
	dawdle((unsigned)(number * 2654435761u >> 24 & 127));
	if (depth == 0)
		return number * number;
	SKUA_SPAWN(uneven, 2 * number, depth - 1);
	SKUA_SPAWN(uneven, 2 * number + 1, depth - 1);
	uint64_t right = SKUA_SYNC(uneven);
	uint64_t left = SKUA_SYNC(uneven);
	return left + right + number;
}

static uint64_t uneven_serial(uint64_t number, unsigned depth)
{
	if (depth == 0)
		return number * number;
	return uneven_serial(2 * number, depth - 1) + uneven_serial(2 * number + 1, depth - 1) + number;
}

static void walk_tree(void)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		cr_assert_eq(SKUA_RUN(uneven, seed, 10), uneven_serial(seed, 10));
}

Test(join, a_tree_gives_the_same_result_on_any_number_of_workers)
{
	with_workers(1, 4, walk_tree);
}

SKUA_TASK(unsigned, leaf, unsigned, id)
{
	return id ^ 0xf00du;
}

/* All slots at once, and their results in reverse. */
SKUA_TASK(unsigned, many_at_once, unsigned, count)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < count; i++)
		SKUA_SPAWN(leaf, i);
	for (unsigned i = count; i-- > 0;)
		wrong += SKUA_SYNC(leaf) != (i ^ 0xf00du);
	return wrong;
}

static void spawn_many(void)
{
	for (unsigned count = 1; count < 5000; count = count * 3 + 1)
		cr_assert_eq(SKUA_RUN(many_at_once, count), 0, "of %u tasks", count);
}

Test(join, the_results_of_many_tasks_come_back_in_reverse)
{
	with_workers(1, 4, spawn_many);
}

Test(join, as_many_tasks_as_there_are_slots_can_be_spawned)
{
	skua_config config = { .workers = 2, .bind = "none", .task_slots = 1000 };
	cr_assert_eq(skua_start(&config), 0);
	cr_assert_eq(SKUA_RUN(many_at_once, 1000), 0);
	skua_stop();
}

Test(join, one_task_more_than_there_are_slots_ends_the_program, .signal = SIGABRT)
{
	skua_config config = { .workers = 1, .bind = "none", .task_slots = 1000 };
	cr_assert_eq(skua_start(&config), 0);
	SKUA_RUN(many_at_once, 1001);
}

/* What the macro calls in a program that was built without checks of its own. */
SKUA_TASK(int, syncs_nothing, int, none)
{
	(void)none;
	return sk_join_sync(sk_fiber_, sk_head_ - 1);
}

Test(join, a_sync_with_nothing_spawned_ends_the_program, .signal = SIGABRT)
{
	start(1, false);
	SKUA_RUN(syncs_nothing, 0);
}

/* --- requests that wait for the next spawn --- */

SKUA_TASK(int, settles_nothing, int, i)
{
	return i;
}

SKUA_TASK(int, settles, int, none)
{
	sk_worker *worker = sk_fiber_->worker;
	sk_fast *fast = &sk_fiber_->fast;
	(void)none;
	/* Nobody is hungry on one worker: what was asked before by somebody else is forgotten. */
	sk_task_stack_arm_own(sk_fiber_);
	sk_join_settle(sk_fiber_);
	cr_assert_not_null(fast->poll);
	/* But not what the monitor asks, nor who sits in the seat and is done. */
	sk_store_relaxed(&worker->tick, 1);
	sk_join_settle(sk_fiber_);
	cr_assert_null(fast->poll);
	SKUA_SPAWN(settles_nothing, 3);
	cr_assert_eq(SKUA_SYNC(settles_nothing), 3);
	cr_assert_eq(sk_load_relaxed(&worker->tick), 0, "and the spawn answers");
	return 1;
}

Test(join, a_fiber_that_forgets_who_was_hungry_does_not_forget_the_monitor)
{
	start(1, false);
	cr_assert_eq(SKUA_RUN(settles, 0), 1);
	stop_settled();
}
