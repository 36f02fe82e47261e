/* SPDX-License-Identifier: Apache-2.0 */
/* Futures: from tasks and from plain threads, in every order of end and wait, with deadlines and cancellation. */
#include "sched/waiter.h"
#include "started.h"

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>

#define MS UINT64_C(1000000)

static void *same(void *arg)
{
	return arg;
}

static void *after_a_millisecond(void *arg)
{
	cr_assert_eq(skua_sleep_ns(MS), 0);
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

/* --- results --- */

static void one_result(void)
{
	cr_assert_eq(skua_await(skua_async(same, value(7))), value(7));
	cr_assert_eq(skua_await(skua_async(after_a_millisecond, value(8))), value(8));
	skua_future *done = skua_async(same, value(9));
	while (!skua_future_done(done))
		sched_yield();
	cr_assert_eq(skua_await(done), value(9), "a result waits for its awaiter");
}

Test(async, a_plain_thread_gets_the_result)
{
	with_workers(1, 4, one_result);
}

Test(async, the_runtime_is_started_by_the_first_future)
{
	cr_assert_eq(skua_workers(), 0);
	cr_assert_eq(skua_await(skua_async(same, value(5))), value(5));
	cr_assert_gt(skua_workers(), 0u);
	skua_stop();
}

/* A tree: each task awaits two. */
static void *tree(void *arg)
{
	uintptr_t depth = number(arg);
	if (depth == 0)
		return value(1);
	skua_future *left = skua_async(tree, value(depth - 1));
	skua_future *right = skua_async(tree, value(depth - 1));
	uintptr_t sum = number(skua_await(left));
	return value(sum + number(skua_await(right)));
}

static void tree_of_futures(void)
{
	cr_assert_eq(number(skua_await(skua_async(tree, value(10)))), 1024u);
}

Test(async, tasks_await_tasks)
{
	with_workers(1, 4, tree_of_futures);
}

SKUA_TASK(uintptr_t, awaits_inside, uintptr_t, n)
{
	if (n < 2)
		return number(skua_await(skua_async(after_a_millisecond, value(n))));
	SKUA_SPAWN(awaits_inside, n - 1);
	uintptr_t other = SKUA_CALL(awaits_inside, n - 2);
	return SKUA_SYNC(awaits_inside) + other;
}

static void *fib_inside(void *arg)
{
	return value(SKUA_RUN(awaits_inside, number(arg)));
}

static void fork_join_and_await(void)
{
	cr_assert_eq(SKUA_RUN(awaits_inside, (uintptr_t)10), 55u);
	cr_assert_eq(skua_await(skua_async(fib_inside, value(10))), value(55), "on a big fiber, and back");
}

Test(async, fork_join_tasks_await_and_tasks_fork_and_join)
{
	with_workers(1, 4, fork_join_and_await);
}

static void count_up(size_t begin, size_t end, void *arg)
{
	sk_add_relaxed((SK_ATOMIC(uint64_t) *)arg, end - begin);
}

static void *loops_inside(void *arg)
{
	skua_for(0, 100000, count_up, arg);
	return arg;
}

static void loops_in_tasks(void)
{
	SK_ATOMIC(uint64_t) sum = SK_ATOMIC_INIT(0);
	skua_future *f[8];
	for (int i = 0; i < 8; i++)
		f[i] = skua_async(loops_inside, &sum);
	for (int i = 0; i < 8; i++)
		skua_await(f[i]);
	cr_assert_eq(sk_load_relaxed(&sum), 800000u);
}

Test(async, loops_run_in_tasks)
{
	with_workers(1, 4, loops_in_tasks);
}

/* --- many --- */

enum { MANY = 3000 };

static void many_at_once(void)
{
	static skua_future *f[MANY];
	for (uintptr_t i = 0; i < MANY; i++)
		f[i] = skua_async(i % 3 ? same : after_a_millisecond, value(i));
	for (uintptr_t i = 0; i < MANY; i++)
		cr_assert_eq(number(skua_await(f[i])), i);
}

static void *many_inside(void *arg)
{
	many_at_once();
	return arg;
}

static void many_from_a_task(void)
{
	skua_await(skua_async(many_inside, NULL));
}

Test(async, thousands_of_futures_from_a_thread)
{
	with_workers(1, 4, many_at_once);
}

Test(async, thousands_of_futures_from_a_task)
{
	with_workers(1, 4, many_from_a_task);
}

/* --- dropping --- */

static flag dropped_ran;

static void *raises(void *arg)
{
	skua_sleep_ns(MS);
	flag_raise(&dropped_ran);
	return arg;
}

Test(async, a_dropped_task_runs_on)
{
	start(2, false);
	skua_drop(skua_async(raises, NULL));
	flag_await(&dropped_ran);
	skua_future *done = skua_async(same, NULL);
	while (!skua_future_done(done))
		sched_yield();
	skua_drop(done);
	skua_stop();
}

Test(async, a_stop_waits_for_dropped_tasks)
{
	start(2, false);
	for (int i = 0; i < 100; i++)
		skua_drop(skua_async(raises, NULL));
	skua_stop();
	cr_assert(sk_load_acquire(&dropped_ran));
}

static skua_sem posted;

static void *waits_for_the_post(void *arg)
{
	flag_raise(arg);
	cr_assert_eq(skua_sem_wait(&posted), 0);
	return arg;
}

static void *posts_while_it_stops(void *arg)
{
	for (sk_pool *pool; (pool = sk_pool_try_enter()) != NULL; sched_yield())
		sk_pool_leave(pool);
	skua_sem_post(&posted, 1);
	return arg;
}

/* The stop has begun and waits for a task that sleeps; a thread from outside may still wake it. */
Test(async, a_stop_lets_in_who_wakes_a_task)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		pthread_t thread;
		flag waits = SK_ATOMIC_INIT(0);
		start(workers, false);
		skua_drop(skua_async(waits_for_the_post, &waits));
		flag_await(&waits);
		cr_assert_eq(pthread_create(&thread, NULL, posts_while_it_stops, NULL), 0);
		skua_stop();
		pthread_join(thread, NULL);
	}
}

static void *shows_its_ticket(void *arg)
{
	sk_scope *scope = sk_scope_self();
	*(uint64_t *)arg = sk_load_relaxed(&scope->waiting);
	skua_sleep_ns(1000);
	return arg;
}

/* A record that was another task's: nothing of that one's waits is left in it. */
Test(async, a_task_that_has_not_waited_shows_no_ticket)
{
	start(1, false);
	for (int i = 0; i < 100; i++) {
		uint64_t ticket = 1;
		skua_await(skua_async(shows_its_ticket, &ticket));
		cr_assert_eq(ticket, 0, "task %d", i);
	}
	skua_stop();
}

/* --- deadlines --- */

static flag let_go;

static void *until_let_go(void *arg)
{
	while (!sk_load_acquire(&let_go))
		skua_sleep_ns(MS / 10);
	return arg;
}

static void deadlines(void)
{
	sk_store_relaxed(&let_go, 0);
	void *result = NULL;
	skua_future *f = skua_async(until_let_go, value(3));
	uint64_t at = skua_now_ns() + 3 * MS;
	cr_assert_eq(skua_await_until(f, at, &result), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), at, "never early");
	cr_assert_eq(skua_await_until(f, 0, &result), -ETIMEDOUT, "in the past");
	flag_raise(&let_go);
	cr_assert_eq(skua_await_until(f, SKUA_FOREVER, &result), 0);
	cr_assert_eq(result, value(3));
	f = skua_async(same, value(4));
	while (!skua_future_done(f))
		skua_sleep_ns(MS / 10);
	cr_assert_eq(skua_await_until(f, 0, NULL), 0, "what is there is taken");
}

static void *deadlines_inside(void *arg)
{
	deadlines();
	return arg;
}

static void deadlines_everywhere(void)
{
	deadlines();
	skua_await(skua_async(deadlines_inside, NULL));
}

Test(async, a_deadline_ends_the_wait_and_not_the_future)
{
	with_workers(1, 4, deadlines_everywhere);
}

/* The deadline and the end at about the same time: whoever wins, the result is there exactly once. */
static void *short_sleep(void *arg)
{
	skua_sleep_until(skua_now_ns() + number(arg) % 7 * 10000);
	return arg;
}

static void *race_inside(void *arg)
{
	uintptr_t missed = 0;
	for (uintptr_t i = 1; i <= 300; i++) {
		void *result = NULL;
		skua_future *f = skua_async(short_sleep, value(i));
		while (skua_await_until(f, skua_now_ns() + i % 5 * 15000, &result) == -ETIMEDOUT)
			missed++;
		cr_assert_eq(number(result), i);
	}
	*(uintptr_t *)arg += missed;
	return NULL;
}

static void deadline_races(void)
{
	uintptr_t missed = 0;
	skua_await(skua_async(race_inside, &missed));
	race_inside(&missed);
}

Test(async, deadlines_race_with_ends)
{
	with_workers(1, 4, deadline_races);
}

/* --- cancelling --- */

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

Test(async, a_cancelled_task_ends_at_its_waits)
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

Test(async, the_spawned_tasks_of_a_cancelled_one_are_cancelled)
{
	with_workers(1, 4, cancelled_branches);
}

/* --- misuse --- */

static void *awaits(void *future)
{
	return skua_await(future);
}

Test(async, two_that_await_one_future_are_reported, .signal = SIGABRT)
{
	start(2, false);
	skua_future *f = skua_async(until_let_go, NULL);
	skua_future *first = skua_async(awaits, f);
	skua_future *second = skua_async(awaits, f);
	skua_await(first);
	skua_await(second);
}

Test(async, a_future_awaited_twice_is_reported, .signal = SIGABRT)
{
	start(2, false);
	skua_future *f = skua_async(same, NULL);
	skua_await(f);
	skua_await(f);
}

Test(async, a_future_awaited_after_its_drop_is_reported, .signal = SIGABRT)
{
	start(2, false);
	skua_future *f = skua_async(until_let_go, NULL);
	skua_drop(f);
	skua_await(f);
}

/* --- what belongs to a task --- */

static __attribute__((noinline)) int errno_now(void)
{
	__asm__ volatile("");
	return errno;
}

static __attribute__((noinline)) void errno_be(int number_)
{
	__asm__ volatile("");
	errno = number_;
}

static void *keeps_errno(void *arg)
{
	int own = (int)number(arg) + 1000;
	for (int i = 0; i < 50; i++) {
		errno_be(own);
		if (i % 2)
			skua_sleep_ns(1000);
		else
			skua_yield();
		cr_assert_eq(errno_now(), own);
	}
	return arg;
}

static void *keeps_modes(void *arg)
{
	static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
	cr_assert_eq(fegetround(), FE_TONEAREST, "a task begins in the default mode");
	int own = modes[number(arg) % 4];
	fesetround(own);
	for (int i = 0; i < 50; i++) {
		skua_sleep_ns(i % 2 ? 1000 : 0);
		cr_assert_eq(fegetround(), own);
	}
	fesetround(FE_TONEAREST);
	return arg;
}

static void own_state(void)
{
	skua_future *f[64];
	for (uintptr_t i = 0; i < 64; i++)
		f[i] = skua_async(i % 2 ? keeps_errno : keeps_modes, value(i / 2));
	for (uintptr_t i = 0; i < 64; i++)
		skua_await(f[i]);
}

Test(async, errno_and_floating_point_modes_are_the_tasks_own)
{
	with_workers(1, 4, own_state);
}

/* --- plain threads beside each other --- */

static void *thread_of_futures(void *arg)
{
	for (uintptr_t i = 0; i < 300; i++) {
		cr_assert_eq(number(skua_await(skua_async(i % 5 ? same : after_a_millisecond, value(i)))), i);
		if (i % 50 == 0)
			skua_sleep_ns(MS / 10);
	}
	return arg;
}

static void threads(void)
{
	pthread_t thread[6];
	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, thread_of_futures, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
}

Test(async, many_plain_threads_await_at_once)
{
	with_workers(1, 4, threads);
}
