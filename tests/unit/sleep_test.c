/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping and giving way: never early, all at once, beside work, and with the workers free meanwhile. */
#include "started.h"

#include <errno.h>

#define MS UINT64_C(1000000)

static void *sleeps(void *arg)
{
	uint64_t ns = *(uint64_t *)arg, begin = skua_now_ns();
	cr_assert_eq(skua_sleep_ns(ns), 0);
	cr_assert_geq(skua_now_ns() - begin, ns, "never early");
	return arg;
}

static void *sleeps_in_the_past(void *arg)
{
	cr_assert_eq(skua_sleep_until(0), 0);
	cr_assert_eq(skua_sleep_ns(0), 0);
	return arg;
}

static void sleepers(void)
{
	static uint64_t ns[200];
	skua_future *f[200];
	for (int i = 0; i < 200; i++) {
		ns[i] = (uint64_t)(i * 37 % 200) * 50000;
		f[i] = skua_async(i % 20 ? sleeps : sleeps_in_the_past, &ns[i]);
	}
	for (int i = 0; i < 200; i++)
		skua_await(f[i]);
	uint64_t own = MS;
	sleeps(&own); /* a plain thread */
}

Test(sleep, nobody_wakes_early)
{
	with_workers(1, 4, sleepers);
}

/* A sleeper on a worker whose thread is then kept: another, or the monitor, has to fire it. */
static flag woken;

static void *wakes(void *arg)
{
	skua_sleep_ns(2 * MS);
	flag_raise(&woken);
	return arg;
}

static void *starts_one_and_computes(void *arg)
{
	skua_future *f = skua_async(wakes, NULL);
	skua_sleep_ns(MS); /* let it begin, on this worker or another */
	flag_await(&woken);
	skua_await(f);
	return arg;
}

Test(sleep, a_timer_is_fired_though_its_worker_computes)
{
	for (unsigned workers = 2; workers <= 4; workers++) {
		for (int i = 0; i < 20; i++) {
			sk_store_relaxed(&woken, 0);
			start(workers, i % 2);
			skua_await(skua_async(starts_one_and_computes, NULL));
			stop_settled();
		}
	}
}

/* --- yielding --- */

enum { TURNS = 2000 };
static SK_ATOMIC(uint32_t) turns[3];

static void *takes_turns(void *arg)
{
	SK_ATOMIC(uint32_t) *own = arg;
	for (int i = 0; i < TURNS; i++) {
		sk_add_relaxed(own, 1);
		skua_yield();
	}
	return arg;
}

static void three_yield(void)
{
	skua_future *f[3];
	for (int i = 0; i < 3; i++) {
		sk_store_relaxed(&turns[i], 0);
		f[i] = skua_async(takes_turns, &turns[i]);
	}
	for (int i = 0; i < 3; i++)
		skua_await(f[i]);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(sk_load_relaxed(&turns[i]), TURNS);
}

Test(sleep, yielding_tasks_all_come_round)
{
	with_workers(1, 4, three_yield);
}

/* Two that yield to each other must not keep a third, a sleeper or an outside root from the only worker. */
static flag enough;

static void *yields_until_enough(void *arg)
{
	while (!sk_load_acquire(&enough))
		skua_yield();
	return arg;
}

static void *sleeps_a_little(void *arg)
{
	skua_sleep_ns(MS);
	return arg;
}

SKUA_TASK(int, nothing)
{
	return 42;
}

Test(sleep, yielding_tasks_let_timers_and_others_in)
{
	start(1, false);
	skua_future *a = skua_async(yields_until_enough, NULL);
	skua_future *b = skua_async(yields_until_enough, NULL);
	skua_await(skua_async(sleeps_a_little, NULL));
	cr_assert_eq(SKUA_RUN(nothing), 42);
	flag_raise(&enough);
	skua_await(a);
	skua_await(b);
	stop_settled();
}

Test(sleep, a_plain_thread_may_yield)
{
	skua_yield();
	cr_assert_eq(skua_workers(), 0, "and starts nothing");
}

SKUA_TASK(int, sleeps_in_a_tree, int, depth)
{
	if (depth == 0) {
		skua_sleep_ns(100000);
		return 1;
	}
	SKUA_SPAWN(sleeps_in_a_tree, depth - 1);
	int right = SKUA_CALL(sleeps_in_a_tree, depth - 1);
	return SKUA_SYNC(sleeps_in_a_tree) + right;
}

static void trees_that_sleep(void)
{
	cr_assert_eq(SKUA_RUN(sleeps_in_a_tree, 8), 256);
}

Test(sleep, fork_join_tasks_may_sleep)
{
	with_workers(1, 4, trees_that_sleep);
}

/* A time that the clock never shows. */
static void *sleeps_for_ever(void *arg)
{
	cr_assert_eq(skua_sleep_ns(UINT64_MAX - 1), -ECANCELED);
	return arg;
}

Test(sleep, one_that_would_never_end_is_cancelled)
{
	start(2, false);
	skua_future *f = skua_async(sleeps_for_ever, &f);
	skua_sleep_ns(MS);
	cr_assert_not(skua_future_done(f));
	skua_cancel(f);
	cr_assert_eq(skua_await(f), &f);
	stop_settled();
}
