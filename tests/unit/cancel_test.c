/* SPDX-License-Identifier: Apache-2.0 */
/* Cancelled tasks: they end at their waits, wherever they are, with everything that they have spawned. */
#include "sched/waiter.h"
#include "started.h"

#include <errno.h>

#define MS UINT64_C(1000000)

static void *same(void *arg)
{
	return arg;
}

static void *value(uintptr_t number)
{
	return (void *)number; /* NOLINT: a number in a pointer */
}

static uintptr_t number(void *value_)
{
	return (uintptr_t)value_;
}

static void *sleeps_for_ever(void *arg)
{
	int error = skua_sleep_until(SKUA_FOREVER);
	cr_assert_eq(error, -ECANCELED);
	cr_assert_eq(skua_cancelled(), 1);
	cr_assert_eq(skua_sleep_ns(1), -ECANCELED, "it stays");
	skua_shield(1);
	cr_assert_eq(skua_cancelled(), 0);
	cr_assert_eq(skua_sleep_ns(1000), 0, "shielded");
	skua_shield(0);
	cr_assert_eq(skua_sleep_ns(1), -ECANCELED);
	return arg;
}

static void *computes_until_cancelled(void *arg)
{
	while (!skua_cancelled())
		skua_yield();
	return arg;
}

static void *awaits_a_sleeper(void *arg)
{
	return skua_await(skua_async(sleeps_for_ever, arg));
}

static void *awaits_with_a_deadline(void *arg)
{
	skua_future *f = skua_async(same, arg);
	while (!skua_future_done(f))
		skua_yield();
	skua_future *sleeper = skua_async(sleeps_for_ever, arg);
	cr_assert_eq(skua_await_until(sleeper, SKUA_FOREVER, NULL), -ECANCELED, "the future remains");
	skua_cancel(sleeper);
	skua_await(sleeper);
	return skua_await(f);
}

static void cancelling(void)
{
	void *(*const tasks[])(void *) = { sleeps_for_ever, computes_until_cancelled, awaits_a_sleeper,
		                           awaits_with_a_deadline };
	for (uintptr_t i = 0; i < 4; i++) {
		for (uintptr_t wait = 0; wait < 3; wait++) {
			skua_future *f = skua_async(tasks[i], value(i));
			if (wait)
				skua_sleep_ns(wait * MS / 2);
			skua_cancel(f);
			cr_assert_eq(number(skua_await(f)), i);
		}
	}
	cr_assert_eq(skua_cancelled(), 0);
}

static void *cancelling_inside(void *arg)
{
	cancelling();
	return arg;
}

static void cancelling_everywhere(void)
{
	cancelling();
	skua_await(skua_async(cancelling_inside, NULL));
}

Test(cancel, a_cancelled_task_ends_at_its_waits)
{
	with_workers(1, 4, cancelling_everywhere);
}

SKUA_TASK(int, branch_waits, int, depth)
{
	if (depth == 0) {
		while (!skua_cancelled())
			skua_sleep_ns(100000);
		return skua_sleep_ns(1) == -ECANCELED;
	}
	SKUA_SPAWN(branch_waits, depth - 1);
	int right = SKUA_CALL(branch_waits, depth - 1);
	return SKUA_SYNC(branch_waits) + right;
}

static void *cancelled_tree(void *arg)
{
	*(int *)arg = SKUA_RUN(branch_waits, 4);
	return arg;
}

static void cancelled_branches(void)
{
	int count = 0;
	skua_future *f = skua_async(cancelled_tree, &count);
	skua_sleep_ns(MS);
	skua_cancel(f);
	skua_await(f);
	cr_assert_eq(count, 16, "every branch saw it");
}

Test(cancel, the_spawned_tasks_of_a_cancelled_one_are_cancelled)
{
	with_workers(1, 4, cancelled_branches);
}
