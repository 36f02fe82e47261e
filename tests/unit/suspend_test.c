/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibers that suspend, with and without tasks of their own in reach, give way, and are resumed by tasks and by other
 * threads. The tasks look at the hidden parameter of the macros, sk_fiber_.
 */
#include "sched/suspend.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <skua/skua.h>
#include <string.h>

static event waited_for;

SKUA_TASK(long, fires, int, none)
{
	(void)none;
	event_fire(&waited_for);
	return 11;
}

/* The firing task is in the slots of the fiber that waits: it must be reached there. */
SKUA_TASK(long, waits_for_its_own_task, long, id)
{
	SKUA_SPAWN(fires, 0);
	event_await(sk_fiber_, &waited_for);
	return SKUA_SYNC(fires) + id;
}

static void wait_for_own_task(void)
{
	for (long id = 0; id < 200; id++) {
		sk_store_release(&waited_for, 0);
		cr_assert_eq(SKUA_RUN(waits_for_its_own_task, id), 11 + id);
	}
}

Test(suspend, a_fiber_may_wait_for_a_task_in_its_own_slots)
{
	with_workers(1, 3, wait_for_own_task);
}

static bool refuse(sk_worker *worker, sk_fiber *fiber, void *arg)
{
	(void)worker;
	*(sk_fiber **)arg = fiber;
	return false;
}

SKUA_TASK(int, is_refused, int, times)
{
	int refused = 0;
	for (int i = 0; i < times; i++) {
		sk_fiber *left = NULL;
		if (sk_suspend(sk_fiber_, refuse, &left, SK_WAIT_LOCK))
			refused += left == sk_fiber_;
	}
	return refused;
}

static void be_refused(void)
{
	cr_assert_eq(SKUA_RUN(is_refused, 100), 100);
}

Test(suspend, a_commit_that_comes_too_late_lets_the_fiber_go_on)
{
	with_workers(1, 3, be_refused);
}

#define WAITERS 60
static event events[WAITERS];
static crowd_counter waiting, passed;

SKUA_TASK(int, waits_for_number, int, i)
{
	sk_add_relaxed(&waiting, 1);
	event_await(sk_fiber_, &events[i]);
	sk_add_relaxed(&passed, 1);
	return i;
}

/* Fires when all wait; gives way to them until then. */
SKUA_TASK(void, fires_all, int, none)
{
	(void)none;
	while (sk_load_acquire(&waiting) < WAITERS)
		sk_suspend_yield(sk_fiber_);
	for (int i = WAITERS; i-- > 0;)
		event_fire(&events[i]);
}

SKUA_TASK(int, all_wait, int, none)
{
	int wrong = 0;
	(void)none;
	SKUA_SPAWN(fires_all, 0);
	for (int i = 0; i < WAITERS; i++)
		SKUA_SPAWN(waits_for_number, i);
	for (int i = WAITERS; i-- > 0;)
		wrong += SKUA_SYNC(waits_for_number) != i;
	SKUA_SYNC(fires_all);
	return wrong;
}

static void let_all_wait(void)
{
	memset(events, 0, sizeof events);
	sk_store_release(&waiting, 0);
	sk_store_release(&passed, 0);
	cr_assert_eq(SKUA_RUN(all_wait, 0), 0);
	cr_assert_eq(sk_load_acquire(&passed), WAITERS);
}

Test(suspend, all_tasks_may_wait_at_the_same_time)
{
	with_workers(1, 4, let_all_wait);
}

/* --- un-stolen slots of a suspended fiber --- */

#define CHILDREN 40
static tally ran;
static crowd_counter finished;
static uint32_t fires_after; /* so many children */

SKUA_TASK(unsigned, child, unsigned, id)
{
	tally_mark(&ran, id);
	for (unsigned i = 0; i < id * 37 % 64; i++)
		sk_spin_hint();
	if (sk_add_acq_rel(&finished, 1) + 1 == fires_after)
		event_fire(&waited_for);
	return id * id;
}

/* With fires_after children done while it waits, the rest is its own afterwards. */
SKUA_TASK(unsigned, waits_with_children, unsigned, first)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < CHILDREN; i++)
		SKUA_SPAWN(child, first + i);
	event_await(sk_fiber_, &waited_for);
	wrong += sk_load_acquire(&finished) < fires_after;
	for (unsigned i = CHILDREN; i-- > 0;)
		wrong += SKUA_SYNC(child) != (first + i) * (first + i);
	return wrong;
}

static void wait_with_children(void)
{
	const unsigned rounds = CROWD_ROUNDS(200);
	static const uint32_t after[] = { CHILDREN, CHILDREN - 1, CHILDREN / 2, 1 };
	for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
		fires_after = after[i];
		ran = tally_create(rounds * CHILDREN);
		for (unsigned round = 0; round < rounds; round++) {
			sk_store_release(&waited_for, 0);
			sk_store_release(&finished, 0);
			SURELY(SKUA_RUN(waits_with_children, round * CHILDREN) == 0, "woken after %u", after[i]);
		}
		tally_expect_each_once(&ran);
		tally_destroy(&ran);
	}
}

Test(suspend, the_tasks_of_a_fiber_that_waits_are_run_meanwhile_by_the_only_worker)
{
	with_workers(1, 1, wait_with_children);
}

Test(suspend, the_tasks_of_a_fiber_that_waits_are_stolen_meanwhile_by_2_workers)
{
	with_workers(2, 2, wait_with_children);
}

Test(suspend, the_tasks_of_a_fiber_that_waits_are_stolen_meanwhile_by_3_workers)
{
	with_workers(3, 3, wait_with_children);
}

typedef struct node {
	event both;
	crowd_counter done;
} node;
static node nodes[512];

/* Every inner node waits, with two un-stolen tasks, until both have run; nobody but thieves can run them. */
SKUA_TASK(unsigned, thicket, unsigned, number, unsigned, depth)
{
	unsigned sum = number;
	if (depth > 0) {
		SKUA_SPAWN(thicket, 2 * number, depth - 1);
		SKUA_SPAWN(thicket, 2 * number + 1, depth - 1);
		event_await(sk_fiber_, &nodes[number].both);
		sum += SKUA_SYNC(thicket);
		sum += SKUA_SYNC(thicket);
	}
	if (number > 1 && sk_add_acq_rel(&nodes[number / 2].done, 1) == 1)
		event_fire(&nodes[number / 2].both);
	return sum;
}

static void grow_thicket(void)
{
	memset(nodes, 0, sizeof nodes);
	cr_assert_eq(SKUA_RUN(thicket, 1, 6), 127 * 128 / 2, "the sum of the numbers 1 to 127");
}

Test(suspend, a_whole_tree_may_wait_with_un_stolen_tasks)
{
	with_workers(1, 4, grow_thicket);
}

/* --- yields --- */

static crowd_counter order;

SKUA_TASK(uint32_t, takes_a_number, int, none)
{
	(void)none;
	return sk_add_acq_rel(&order, 1);
}

/* On one worker nobody but the fiber that gives way lets its tasks run. */
SKUA_TASK(unsigned, yields_to_its_tasks, unsigned, count)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < count; i++)
		SKUA_SPAWN(takes_a_number, 0);
	/* its slots are passed over for the fiber itself, but not for long */
	for (unsigned i = 1; i <= count; i++) {
		for (int j = 0; j < 16; j++)
			sk_suspend_yield(sk_fiber_);
		wrong += sk_load_acquire(&order) < i;
	}
	for (unsigned i = count; i-- > 0;)
		wrong += SKUA_SYNC(takes_a_number) != i;
	return wrong;
}

Test(suspend, yields_let_the_own_tasks_run_and_the_oldest_goes_first)
{
	start(1, false);
	cr_assert_eq(SKUA_RUN(yields_to_its_tasks, 30), 0);
	stop_settled();
}

SKUA_TASK(unsigned, yields_often, unsigned, id)
{
	for (unsigned i = 0; i < 20; i++)
		sk_suspend_yield(sk_fiber_);
	return id;
}

SKUA_TASK(unsigned, all_yield, unsigned, count)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < count; i++)
		SKUA_SPAWN(yields_often, i);
	for (unsigned i = count; i-- > 0;) {
		sk_suspend_yield(sk_fiber_);
		wrong += SKUA_SYNC(yields_often) != i;
	}
	return wrong;
}

static void let_all_yield(void)
{
	for (int i = 0; i < 5; i++)
		cr_assert_eq(SKUA_RUN(all_yield, 40), 0);
}

Test(suspend, tasks_that_all_yield_come_to_their_ends)
{
	with_workers(1, 4, let_all_yield);
}

/* --- resumed from outside --- */

static SK_ATOMIC(sk_pool *) pool_of_task;
static crowd_counter fired;

static void fire_from_outside(void *arg, unsigned index)
{
	(void)index;
	for (unsigned i = 0; i < *(unsigned *)arg; i++) {
		/* half of them as soon as it waits, half whenever it comes */
		while (i % 2 ? sk_load_acquire(&fired) != i : sk_load_acquire(&waited_for) <= EVENT_FIRED)
			sched_yield();
		event_fire_outside(sk_load_acquire(&pool_of_task), &waited_for);
		while (sk_load_acquire(&fired) != i + 1)
			sched_yield();
	}
}

SKUA_TASK(unsigned, is_woken_from_outside, unsigned, times)
{
	unsigned woken = 0;
	sk_store_release(&pool_of_task, sk_fiber_->worker->pool);
	for (unsigned i = 0; i < times; i++) {
		event_await(sk_fiber_, &waited_for);
		woken++;
		sk_store_release(&waited_for, 0);
		sk_store_release(&fired, i + 1);
	}
	return woken;
}

static void wake_from_outside(void)
{
	unsigned times = 100;
	crowd waker;
	sk_store_release(&waited_for, 0);
	sk_store_release(&fired, 0);
	crowd_start(&waker, 1, fire_from_outside, &times);
	unsigned woken = SKUA_RUN(is_woken_from_outside, times);
	crowd_join(&waker);
	cr_assert_eq(woken, times);
}

Test(suspend, a_plain_thread_can_wake_a_fiber)
{
	with_workers(1, 3, wake_from_outside);
}

/* --- what is the fiber's own --- */

/* The address of errno may be kept by a compiler across a call, so it is asked for here. */
static __attribute__((noinline)) void set_errno(int value)
{
	errno = value;
}

static __attribute__((noinline)) int get_errno(void)
{
	return errno;
}

SKUA_TASK(int, spoils, int, none)
{
	(void)none;
	set_errno(EXDEV);
	event_fire(&waited_for);
	return 0;
}

SKUA_TASK(int, keeps_its_own, int, none)
{
	(void)none;
	SKUA_SPAWN(spoils, 0);
	set_errno(ENOTTY);
	event_await(sk_fiber_, &waited_for);
	int kept = get_errno();
	return SKUA_SYNC(spoils) + kept;
}

static void suspend_with_errno(void)
{
	for (int i = 0; i < 50; i++) {
		sk_store_release(&waited_for, 0);
		cr_assert_eq(SKUA_RUN(keeps_its_own, 0), ENOTTY, "errno is another task's");
	}
}

Test(suspend, errno_belongs_to_the_fiber)
{
	with_workers(1, 3, suspend_with_errno);
}
