/* SPDX-License-Identifier: Apache-2.0 */
/* Workers: all take part, each knows what runs on it, fibers are used again, and ready ones have their order. */
#include "sched/worker.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <string.h>

/* --- all take part --- */

static crowd_counter here;

/* Ends when all are here: each is on a worker of its own. */
SKUA_TASK(int, meets_the_others, unsigned, count)
{
	sk_add_acq_rel(&here, 1);
	while (sk_load_acquire(&here) < count)
		sched_yield();
	return skua_worker_index();
}

SKUA_TASK(uint64_t, all_meet, unsigned, count)
{
	uint64_t seen = 0;
	for (unsigned i = 1; i < count; i++)
		SKUA_SPAWN(meets_the_others, count);
	seen |= UINT64_C(1) << SKUA_CALL(meets_the_others, count);
	for (unsigned i = 1; i < count; i++)
		seen |= UINT64_C(1) << SKUA_SYNC(meets_the_others);
	return seen;
}

static void meet(void)
{
	unsigned count = skua_workers();
	for (int i = 0; i < 50; i++) {
		sk_store_release(&here, 0);
		uint64_t seen = SKUA_RUN(all_meet, count);
		SURELY(seen == (UINT64_C(1) << count) - 1, "the workers were 0x%x", (unsigned)seen);
	}
}

Test(worker, every_worker_takes_a_task_when_there_are_enough)
{
	with_workers(1, 8, meet);
}

/* --- what runs where --- */

static crowd_counter misplaced;

static void check_place(sk_fiber *fiber)
{
	const sk_worker *worker = sk_worker_self();
	bool good = worker && worker->current == fiber && fiber->worker == worker;
	good = good && worker->index == (unsigned)skua_worker_index();
	good = good && worker == &worker->pool->workers[worker->index];
	good = good && sk_load_relaxed(&worker->running) == fiber && !worker->searching;
	if (!good)
		sk_add_relaxed(&misplaced, 1);
}

SKUA_TASK(unsigned, checks_its_place, unsigned, number, unsigned, depth)
{
	check_place(sk_fiber_);
	if (depth == 0)
		return 1;
	SKUA_SPAWN(checks_its_place, 2 * number, depth - 1);
	SKUA_SPAWN(checks_its_place, 2 * number + 1, depth - 1);
	if (number % 5 == 0)
		sk_suspend_yield(sk_fiber_);
	check_place(sk_fiber_);
	unsigned sum = SKUA_SYNC(checks_its_place);
	check_place(sk_fiber_);
	sum += SKUA_SYNC(checks_its_place);
	check_place(sk_fiber_);
	return sum;
}

static void check_places(void)
{
	for (int i = 0; i < 5; i++)
		cr_assert_eq(SKUA_RUN(checks_its_place, 1, 9), 512);
	cr_assert_eq(sk_load_relaxed(&misplaced), 0, "a fiber and its worker disagree");
	cr_assert_null(sk_worker_self(), "outside there is none");
}

Test(worker, a_fiber_and_its_worker_know_each_other)
{
	with_workers(1, 4, check_places);
}

/* --- fibers are used again --- */

SKUA_TASK(unsigned, takes_and_gives_fibers, int, none)
{
	enum { COUNT = 40 };
	sk_fiber *taken[COUNT];
	unsigned wrong = 0;
	sk_worker *worker = sk_fiber_->worker;
	(void)none;
	for (unsigned i = 0; i < COUNT; i++) {
		taken[i] = sk_worker_fiber_take(worker);
		wrong += taken[i] == NULL || taken[i] == sk_fiber_;
		for (unsigned j = 0; j < i; j++)
			wrong += taken[i] == taken[j];
	}
	for (unsigned i = 0; i < COUNT; i++)
		sk_worker_fiber_give(worker, taken[i]);
	sk_fiber *again = sk_worker_fiber_take(worker);
	wrong += again != taken[0] && again != taken[COUNT - 1] && again->index > COUNT + 1;
	sk_worker_fiber_give(worker, again);
	return wrong;
}

Test(worker, fibers_that_are_given_back_are_taken_again)
{
	start(1, false);
	cr_assert_eq(SKUA_RUN(takes_and_gives_fibers, 0), 0);
	uint64_t made = total().fibers;
	for (int i = 0; i < 10; i++)
		cr_assert_eq(SKUA_RUN(takes_and_gives_fibers, 0), 0);
	cr_assert_eq(total().fibers, made, "no more than the first time");
	stop_settled();
}

static flag taken;

SKUA_TASK(int, outlasts_its_owner, const sk_slot *, slot)
{
	flag_raise(&taken);
	while (state_of(slot) == 0)
		sched_yield();
	return 1;
}

SKUA_TASK(int, suspends_once, int, none)
{
	(void)none;
	SKUA_SPAWN(outlasts_its_owner, sk_head_);
	flag_await(&taken);
	return SKUA_SYNC(outlasts_its_owner);
}

Test(worker, a_thousand_suspensions_need_few_fibers)
{
	start(2, false);
	for (int i = 0; i < 1000; i++) {
		sk_store_release(&taken, 0);
		SURELY(SKUA_RUN(suspends_once, 0) == 1, "round %d", i);
	}
	cr_assert_geq(total().suspended, 1000);
	/* two may be on each worker; those of one worker's making may end in the other's cache of 16 */
	cr_assert_leq(total().fibers, 40, "%d fibers were made", (int)total().fibers);
	stop_settled();
}

/* --- nobody starves --- */

#define TURNS 100000
static event ball[2][TURNS];
static crowd_counter played;
static flag third_ran;

/* Two of them play: each wakes the other and waits, until the third has had its turn. */
SKUA_TASK(int, plays, int, side)
{
	for (int turn = 0; turn < TURNS; turn++) {
		event_fire(&ball[!side][turn]);
		if (sk_load_acquire(&third_ran)) {
			for (; turn < TURNS; turn++)
				event_fire(&ball[!side][turn]);
			break;
		}
		event_await(sk_fiber_, &ball[side][turn]);
		sk_add_relaxed(&played, 1);
	}
	return side;
}

SKUA_TASK(int, comes_third, int, i)
{
	flag_raise(&third_ran);
	return i;
}

/* The third is in the slots of a fiber that waits; on one worker it runs only if the players let it. */
SKUA_TASK(int, watches_the_players, int, none)
{
	int wrong = 0;
	(void)none;
	SKUA_SPAWN(plays, 0);
	SKUA_SPAWN(plays, 1);
	SKUA_SPAWN(comes_third, 33);
	while (!sk_load_acquire(&third_ran))
		sk_suspend_yield(sk_fiber_);
	wrong += SKUA_SYNC(comes_third) != 33;
	wrong += SKUA_SYNC(plays) != 1;
	return wrong + (SKUA_SYNC(plays) != 0);
}

Test(worker, two_fibers_that_wake_each_other_do_not_starve_a_third)
{
	start(1, false);
	for (int i = 0; i < 3; i++) {
		memset(ball, 0, sizeof ball);
		sk_store_release(&third_ran, 0);
		sk_store_release(&played, 0);
		cr_assert_eq(SKUA_RUN(watches_the_players, 0), 0);
		uint32_t turns = sk_load_relaxed(&played);
		cr_assert_lt(turns, 1000, "the third came after %u turns", turns);
	}
	stop_settled();
}

SKUA_TASK(int, yields_until_its_task_has_run, int, none)
{
	(void)none;
	SKUA_SPAWN(comes_third, 7);
	while (!sk_load_acquire(&third_ran))
		sk_suspend_yield(sk_fiber_);
	return SKUA_SYNC(comes_third);
}

static void yield_for_a_task(void)
{
	for (int i = 0; i < 100; i++) {
		sk_store_release(&third_ran, 0);
		SURELY(SKUA_RUN(yields_until_its_task_has_run, 0) == 7, "round %d", i);
	}
}

Test(worker, a_task_that_yields_until_its_own_task_has_run_ends)
{
	with_workers(1, 3, yield_for_a_task);
}

/* --- the order of ready fibers --- */

#define WAITERS 4
static event gates[WAITERS];
static crowd_counter waiting;
static int order[WAITERS];
static crowd_counter passed;

SKUA_TASK(int, passes_in_order, int, i)
{
	sk_add_relaxed(&waiting, 1);
	event_await(sk_fiber_, &gates[i]);
	order[sk_add_relaxed(&passed, 1)] = i;
	return i;
}

SKUA_TASK(int, wakes_all, int, none)
{
	(void)none;
	while (sk_load_relaxed(&waiting) < WAITERS)
		sk_suspend_yield(sk_fiber_);
	for (int i = 0; i < WAITERS; i++)
		event_fire(&gates[i]);
	return 1;
}

SKUA_TASK(int, sees_the_order, int, none)
{
	(void)none;
	SKUA_SPAWN(wakes_all, 0);
	for (int i = 0; i < WAITERS; i++)
		SKUA_SPAWN(passes_in_order, i);
	for (int i = WAITERS; i-- > 0;)
		SKUA_SYNC(passes_in_order);
	return SKUA_SYNC(wakes_all);
}

/* What was woken last is warm and goes first, but only once: then the oldest, so that nobody waits for ever. */
Test(worker, the_fiber_woken_last_goes_first_and_then_the_oldest)
{
	static const int expected[WAITERS] = { 3, 0, 1, 2 };
	start(1, false);
	for (int round = 0; round < 20; round++) {
		memset(gates, 0, sizeof gates);
		sk_store_release(&waiting, 0);
		sk_store_release(&passed, 0);
		cr_assert_eq(SKUA_RUN(sees_the_order, 0), 1);
		for (int i = 0; i < WAITERS; i++)
			cr_assert_eq(order[i], expected[i], "fiber %d came as number %d", order[i], i);
	}
	stop_settled();
}

static void *sleeps(void *arg)
{
	cr_assert_eq(skua_sleep_ns(1000000), 0);
	return arg;
}

/* It would end at the next cancellation point, with all that it has. */
Test(worker, its_thread_cannot_be_cancelled)
{
	start(3, false);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(pthread_cancel(sk_entrance.pool->workers[i].thread.handle), 0);
	for (int round = 0; round < 5; round++) {
		skua_future *futures[8];
		for (int i = 0; i < 8; i++)
			futures[i] = skua_async(sleeps, &futures[i]);
		for (int i = 0; i < 8; i++)
			cr_assert_eq(skua_await(futures[i]), &futures[i]);
	}
	stop_settled();
}
