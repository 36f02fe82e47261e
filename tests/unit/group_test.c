/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: nobody outlives the wait, the first failure cancels the others, deadlines, nesting, and the races of all. */
#include "await/group.h"
#include "crowd.h"
#include "started.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)

static SK_ATOMIC(uint32_t) begun, ended;

static void reset(void)
{
	sk_store_relaxed(&begun, 0);
	sk_store_relaxed(&ended, 0);
}

static int short_task(void *arg)
{
	sk_add_relaxed(&begun, 1);
	skua_sleep_ns((uintptr_t)arg % 5 * 50000);
	sk_add_relaxed(&ended, 1);
	return 0;
}

static int sleeps_for_ever(void *arg)
{
	(void)arg;
	sk_add_relaxed(&begun, 1);
	int error = skua_sleep_until(SKUA_FOREVER);
	sk_add_relaxed(&ended, 1);
	return error;
}

static int fails_soon(void *arg)
{
	sk_add_relaxed(&begun, 1);
	skua_sleep_ns(MS);
	sk_add_relaxed(&ended, 1);
	return -(int)(uintptr_t)arg;
}

static void *number(uintptr_t n)
{
	return (void *)n; /* NOLINT: a number in a pointer */
}

/* Runs a scenario from a plain thread and from a task, with 1 to 4 workers. */
static void (*scenario_of_now)(void);

static void *scenario_in_task(void *arg)
{
	scenario_of_now();
	return arg;
}

static void both(void)
{
	scenario_of_now();
	skua_await(skua_async(scenario_in_task, NULL));
}

static void everywhere(void (*scenario)(void))
{
	scenario_of_now = scenario;
	with_workers(1, 4, both);
}

static void waits_for_all(void)
{
	reset();
	skua_group group = SKUA_GROUP_INIT;
	for (uintptr_t i = 0; i < 200; i++)
		cr_assert_eq(skua_group_run(&group, short_task, number(i)), 0);
	cr_assert_eq(skua_group_wait(&group), 0);
	cr_assert_eq(sk_load_relaxed(&ended), 200);
	cr_assert_eq(skua_group_wait(&group), 0, "an empty one");
	cr_assert_eq(skua_group_run(&group, short_task, NULL), 0, "again");
	cr_assert_eq(skua_group_wait(&group), 0);
	cr_assert_eq(sk_load_relaxed(&ended), 201);
}

Test(group, the_wait_is_for_all)
{
	everywhere(waits_for_all);
}

static void first_failure(void)
{
	reset();
	skua_group group = SKUA_GROUP_INIT;
	for (int i = 0; i < 50; i++)
		skua_group_run(&group, sleeps_for_ever, NULL);
	skua_group_run(&group, fails_soon, number(EILSEQ));
	cr_assert_eq(skua_group_wait(&group), -EILSEQ);
	cr_assert_eq(sk_load_relaxed(&ended), sk_load_relaxed(&begun), "nobody outlives it");
	reset();
	skua_group_run(&group, short_task, NULL);
	cr_assert_eq(skua_group_wait(&group), 0, "the failure is gone with the wait");
}

Test(group, the_first_failure_cancels_the_others)
{
	everywhere(first_failure);
}

static void cancelled(void)
{
	reset();
	skua_group group = SKUA_GROUP_INIT;
	for (int i = 0; i < 20; i++)
		skua_group_run(&group, sleeps_for_ever, NULL);
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_run(&group, short_task, NULL), -ECANCELED);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	cr_assert_eq(sk_load_relaxed(&ended), sk_load_relaxed(&begun));
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_run(&group, short_task, NULL), -ECANCELED, "cancelled before its first");
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
}

Test(group, a_cancelled_one_starts_nothing)
{
	everywhere(cancelled);
}

static void deadline(void)
{
	reset();
	skua_group group = SKUA_GROUP_INIT;
	uint64_t at = skua_now_ns() + 3 * MS;
	cr_assert_eq(skua_group_deadline(&group, at), 0);
	for (int i = 0; i < 20; i++)
		skua_group_run(&group, sleeps_for_ever, NULL);
	cr_assert_eq(skua_group_wait(&group), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), at, "never early");
	skua_group_run(&group, short_task, NULL);
	skua_group_deadline(&group, skua_now_ns() + 3600000 * MS);
	cr_assert_eq(skua_group_wait(&group), 0, "in time");
	skua_group_deadline(&group, 1);
	skua_group_run(&group, sleeps_for_ever, NULL);
	cr_assert_eq(skua_group_wait(&group), -ETIMEDOUT, "in the past");
	skua_group_deadline(&group, skua_now_ns() + MS);
	skua_group_deadline(&group, SKUA_FOREVER);
	skua_group_run(&group, fails_soon, number(0));
	cr_assert_eq(skua_group_wait(&group), 0, "taken back");
}

/* A wait of a cancelled task for a group without tasks. */
static void *wait_for_nobody(void *arg)
{
	skua_group group = SKUA_GROUP_INIT;
	while (!skua_cancelled())
		skua_yield();
	cr_assert_eq(skua_group_wait(&group), -ECANCELED, "as each wait of a cancelled task");
	skua_shield(1);
	reset();
	for (uintptr_t i = 0; i < 5; i++)
		cr_assert_eq(skua_group_run(&group, short_task, number(i)), 0, "the group is as good as new");
	cr_assert_eq(skua_group_wait(&group), 0);
	cr_assert_eq(sk_load_relaxed(&ended), 5);
	skua_shield(0);
	return arg;
}

Test(group, a_cancelled_task_does_not_wait_for_nobody)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		start(workers, false);
		skua_future *waiting = skua_async(wait_for_nobody, &workers);
		skua_cancel(waiting);
		cr_assert_eq(skua_await(waiting), &workers);
		skua_stop();
	}
}

Test(group, a_deadline_cancels_it)
{
	everywhere(deadline);
}

/* --- nesting --- */

static int nested(void *arg)
{
	uintptr_t depth = (uintptr_t)arg;
	if (depth == 0)
		return sleeps_for_ever(NULL);
	sk_add_relaxed(&begun, 1);
	skua_group inner = SKUA_GROUP_INIT;
	for (int i = 0; i < 3; i++)
		skua_group_run(&inner, nested, number(depth - 1));
	int error = skua_group_wait(&inner);
	sk_add_relaxed(&ended, 1);
	return error;
}

static void cancels_down(void)
{
	for (uint64_t wait = 0; wait < 3; wait++) {
		reset();
		skua_group outer = SKUA_GROUP_INIT;
		skua_group_run(&outer, nested, number(4));
		skua_sleep_ns(wait * MS);
		skua_group_cancel(&outer);
		cr_assert_eq(skua_group_wait(&outer), -ECANCELED);
		cr_assert_eq(sk_load_relaxed(&ended), sk_load_relaxed(&begun));
	}
}

Test(group, cancelling_reaches_all_below)
{
	everywhere(cancels_down);
}

/* --- the lock --- */

static struct {
	void (*wake)(void *arg, unsigned worker); /* the pool's own */
	sk_group *group;
	pthread_t canceller;
	uint32_t calls;
} spy;

/* The library reads the pool's callback as what is set once; the replacement is not shown to ThreadSanitizer. */
#define UNSEEN __attribute__((noinline, no_sanitize("thread")))

/* Those who were woken may hold it for a moment. If the canceller did, this would never end. */
UNSEEN static void wake_without_lock(void *arg, unsigned worker)
{
	if (pthread_equal(pthread_self(), spy.canceller)) {
		while (sk_load_acquire(&spy.group->lock) != 0)
			sched_yield();
		spy.calls++;
	}
	spy.wake(arg, worker);
}

UNSEEN static void begin_to_spy(sk_pool *pool, skua_group *group)
{
	spy.wake = pool->idle.wake;
	spy.group = (sk_group *)(void *)group;
	spy.canceller = pthread_self();
	spy.calls = 0;
	pool->idle.wake = wake_without_lock;
}

UNSEEN static uint32_t end_spying(sk_pool *pool)
{
	pool->idle.wake = spy.wake;
	return spy.calls;
}

/* Cancels from a plain thread when all workers sleep, so that it wakes one; true: it did. */
static bool cancel_and_wake(sk_pool *pool, unsigned count)
{
	skua_group group = SKUA_GROUP_INIT;
	reset();
	for (unsigned i = 0; i < count; i++)
		cr_assert_eq(skua_group_run(&group, sleeps_for_ever, NULL), 0);
	while (sk_load_relaxed(&begun) < count)
		sched_yield();
	skua_sleep_ns(MS);
	begin_to_spy(pool, &group);
	skua_group_cancel(&group);
	uint32_t calls = end_spying(pool);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	cr_assert_eq(sk_load_relaxed(&ended), count);
	return calls > 0;
}

Test(group, cancelling_wakes_nobody_under_its_lock)
{
	start(2, false);
	sk_pool *pool = sk_pool_try_enter();
	while (!cancel_and_wake(pool, 100))
		;
	sk_pool_leave(pool);
	stop_settled();
}

/* Each body of a loop within belongs to the group, whoever runs it. */
static void wait_until_cancelled(size_t from, size_t to, void *arg)
{
	(void)arg;
	for (size_t i = from; i < to; i++) {
		sk_add_relaxed(&begun, 1);
		while (!skua_cancelled())
			skua_yield(); /* who cancels may be on this worker */
		sk_add_relaxed(&ended, 1);
	}
}

static int loops(void *arg)
{
	skua_for(0, 64, wait_until_cancelled, arg);
	return 0;
}

static void cancels_a_loop(void)
{
	reset();
	skua_group group = SKUA_GROUP_INIT;
	cr_assert_eq(skua_group_run(&group, loops, NULL), 0);
	while (sk_load_relaxed(&begun) == 0)
		skua_sleep_ns(MS / 10);
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	cr_assert_eq(sk_load_relaxed(&ended), 64);
}

Test(group, cancelling_reaches_the_bodies_of_a_loop)
{
	everywhere(cancels_a_loop);
}

/* A group for each index; the pieces count them as open on the same task. */
static void have_groups(size_t from, size_t to, void *arg)
{
	(void)arg;
	for (size_t i = from; i < to; i++) {
		skua_group group = SKUA_GROUP_INIT;
		skua_group_deadline(&group, SKUA_FOREVER);
		if (skua_group_wait(&group) == 0)
			sk_add_relaxed(&ended, 1);
	}
}

static void *loops_over_groups(void *arg)
{
	skua_loop how = { .schedule = SKUA_STATIC };
	for (unsigned i = 0; i < 20; i++)
		skua_for_with(&how, 0, CROWD_ROUNDS(20000), have_groups, NULL);
	return arg;
}

static void groups_in_a_loop(void)
{
	reset();
	skua_await(skua_async(loops_over_groups, NULL));
	cr_assert_eq(sk_load_relaxed(&ended), 20 * CROWD_ROUNDS(20000));
}

Test(group, the_bodies_of_a_loop_have_their_own)
{
	with_workers(2, 4, groups_in_a_loop);
}

/* Pieces of a loop shield the task that they belong to, at the same time. */
static void shields_often(size_t begin, size_t end, void *arg)
{
	uint32_t *interrupted = arg;
	for (size_t i = begin; i < end; i++) {
		skua_shield(1);
		if (skua_cancelled())
			__atomic_fetch_add(interrupted, 1, __ATOMIC_RELAXED);
		skua_shield(0);
	}
}

static void *shields_in_loops(void *arg)
{
	uint32_t interrupted = 0;
	skua_loop how = { .schedule = SKUA_STATIC };
	while (!skua_cancelled())
		skua_yield();
	for (unsigned i = 0; i < 20; i++)
		skua_for_with(&how, 0, CROWD_ROUNDS(20000), shields_often, &interrupted);
	cr_assert_eq(interrupted, 0, "%u times the shield was another piece's, and gone", (unsigned)interrupted);
	cr_assert_eq(skua_cancelled(), 1, "no shield is left");
	return arg;
}

static void shielding_in_loops(void)
{
	skua_future *f = skua_async(shields_in_loops, NULL);
	skua_cancel(f);
	skua_await(f);
}

Test(group, the_bodies_of_a_loop_shield_together)
{
	with_workers(2, 4, shielding_in_loops);
}

static int adds_more(void *group)
{
	sk_add_relaxed(&begun, 1);
	if (sk_load_relaxed(&begun) < 100) {
		skua_group_run(group, adds_more, group);
		skua_group_run(group, short_task, NULL);
	}
	sk_add_relaxed(&ended, 1);
	return 0;
}

static void grows(void)
{
	reset();
	skua_group group = SKUA_GROUP_INIT;
	skua_group_run(&group, adds_more, &group);
	cr_assert_eq(skua_group_wait(&group), 0);
	cr_assert_geq(sk_load_relaxed(&ended), 100u);
	cr_assert_eq(sk_load_relaxed(&ended), sk_load_relaxed(&begun));
}

Test(group, its_tasks_may_start_others_in_it)
{
	everywhere(grows);
}

/* --- races: ends, deadlines and cancellations at about the same time --- */

static int random_task(void *arg)
{
	sk_add_relaxed(&begun, 1);
	int error = skua_sleep_ns((uintptr_t)arg % 11 * 10000);
	sk_add_relaxed(&ended, 1);
	return error;
}

static int not_called(void *arg)
{
	cr_assert(arg == NULL, "the runtime does not start");
	return 0;
}

/* A task that cannot start is no task of the group: the wait does not wait for it. */
Test(group, a_start_that_fails_leaves_nothing_behind)
{
	skua_group group = SKUA_GROUP_INIT;
	setenv("SKUA_WORKERS", "none", 1);
	cr_assert_lt(skua_group_run(&group, not_called, &group), 0);
	cr_assert_eq(skua_group_wait(&group), 0);
	setenv("SKUA_WORKERS", "1", 1);
	reset();
	cr_assert_eq(skua_group_run(&group, short_task, NULL), 0);
	cr_assert_eq(skua_group_wait(&group), 0);
	cr_assert_eq(sk_load_relaxed(&ended), 1u);
	skua_stop();
}

static void storm(void)
{
	for (uintptr_t round = 0; round < 150; round++) {
		reset();
		skua_group group = SKUA_GROUP_INIT;
		if (round % 3)
			skua_group_deadline(&group, skua_now_ns() + round % 17 * 10000);
		for (uintptr_t i = 0; i < 10; i++)
			skua_group_run(&group, random_task, number(round * 7 + i));
		if (round % 4 == 0)
			skua_group_cancel(&group);
		int error = skua_group_wait(&group);
		cr_assert(error == 0 || error == -ETIMEDOUT || error == -ECANCELED, "%d", error);
		cr_assert_eq(sk_load_relaxed(&ended), sk_load_relaxed(&begun));
	}
}

Test(group, storm_of_deadlines_and_cancellations)
{
	everywhere(storm);
}

/* --- misuse --- */

static void *forgets(void *group)
{
	skua_group_run(group, short_task, NULL);
	return group;
}

Test(group, a_task_that_ends_with_an_open_group_is_reported, .signal = SIGABRT)
{
	start(2, false);
	skua_group group = SKUA_GROUP_INIT;
	skua_await(skua_async(forgets, &group));
}
