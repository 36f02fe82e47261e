/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without memory for another fiber: who waits is woken all the same by timers, the reactor, other threads and other
 * tasks, also with one worker. In the stores there is memory for so many fibers and no more.
 */
#include "sched/scarce.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <skua/skua.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define TASKS 8u

typedef struct scene {
	skua_sem given, asked;
	skua_event last;
	int pipe[2];
	SK_ATOMIC(uint32_t) ended;
	pthread_t giver;
} scene;

/* Gives what only a thread from outside can give, to who asks. */
static void *gives(void *arg)
{
	scene *all = arg;
	for (unsigned i = 0; i < TASKS; i++) {
		skua_sem_wait(&all->asked);
		if (i % 2)
			cr_assert_eq(write(all->pipe[1], "x", 1), 1);
		else
			skua_sem_post(&all->given, 1);
	}
	return NULL;
}

static void begin(scene *all, unsigned workers, size_t big, size_t small)
{
	*all = (scene){ .ended = SK_ATOMIC_INIT(0) };
	cr_assert_eq(pipe(all->pipe), 0);
	start(workers, false);
	sk_pool *pool = sk_pool_try_enter();
	sk_fiber_store_limit(pool->fibers, big);
	sk_fiber_store_limit(pool->small_fibers, small);
	sk_pool_leave(pool);
}

static void end(scene *all)
{
	skua_stop();
	close(all->pipe[0]);
	close(all->pipe[1]);
}

static void *waits_for_all_kinds(void *arg)
{
	scene *all = arg;
	char byte;
	uint64_t until = skua_now_ns() + MS;
	cr_assert_eq(skua_sleep_until(until), 0); /* a timer of this worker */
	skua_sem_post(&all->asked, 1);
	unsigned turn = sk_add_relaxed(&all->ended, 1);
	if (turn % 2)
		cr_assert_eq(skua_read(all->pipe[0], &byte, 1), 1); /* the reactor */
	else
		skua_sem_wait(&all->given); /* the inbox */
	skua_yield();
	return arg;
}

SKUA_TASK(int, starts_and_awaits, scene *, all)
{
	skua_future *tasks[TASKS];
	for (unsigned i = 0; i < TASKS; i++)
		tasks[i] = skua_async(waits_for_all_kinds, all);
	for (unsigned i = 0; i < TASKS; i++)
		skua_await(tasks[i]);
	return 1;
}

static void all_kinds(unsigned workers, size_t big, size_t small)
{
	scene all;
	begin(&all, workers, big, small);
	cr_assert_eq(pthread_create(&all.giver, NULL, gives, &all), 0);
	cr_assert_eq(SKUA_RUN(starts_and_awaits, &all), 1);
	pthread_join(all.giver, NULL);
	cr_assert_eq(sk_load_relaxed(&all.ended), TASKS);
	end(&all);
}

/* The only big fiber waits, and a small one at most runs: what is left is home. */
Test(scarce, one_worker_with_one_fiber_of_each_class_goes_on)
{
	all_kinds(1, 1, 1);
}

Test(scarce, one_worker_with_few_fibers_goes_on)
{
	all_kinds(1, 2, 1);
	all_kinds(1, 1, 3);
	all_kinds(1, 2, 2);
}

Test(scarce, several_workers_with_few_fibers_go_on)
{
	for (unsigned workers = 2; workers <= 4; workers++) {
		all_kinds(workers, workers, 1);
		all_kinds(workers, workers + 1, 2);
	}
}

/* --- starts that cannot begin --- */

static void *sets_the_last(void *arg)
{
	skua_event_set(arg);
	return arg;
}

static void *waits_for_the_last(void *arg)
{
	cr_assert_eq(skua_event_wait(arg), 0);
	return arg;
}

/* One waits for the end of the row; those before it each need the only other small fiber, one after the other. */
Test(scarce, starts_without_a_fiber_stay_in_the_row)
{
	scene all;
	skua_future *waiter, *rest[TASKS];
	begin(&all, 1, 1, 2);
	waiter = skua_async(waits_for_the_last, &all.last);
	for (unsigned i = 0; i < TASKS; i++)
		rest[i] = skua_async(sets_the_last, &all.last);
	for (unsigned i = 0; i < TASKS; i++)
		skua_await(rest[i]);
	skua_await(waiter);
	end(&all);
}

/* --- fork-join from a task --- */

SKUA_TASK(int, tree, int, depth)
{
	if (depth == 0)
		return 1;
	SKUA_SPAWN(tree, depth - 1);
	int right = SKUA_CALL(tree, depth - 1);
	return SKUA_SYNC(tree) + right;
}

static void *hops(void *arg)
{
	skua_sleep_ns(MS / 10);
	sk_add_relaxed((SK_ATOMIC(uint32_t) *)arg, (uint32_t)SKUA_RUN(tree, 6));
	return arg;
}

/* All of them want the only big fiber, or the few that there are; stolen tasks too. */
static void many_hop(unsigned workers)
{
	scene all;
	skua_future *tasks[TASKS];
	begin(&all, workers, workers, TASKS);
	for (unsigned round = 0; round < CROWD_ROUNDS(100); round++) {
		sk_store_relaxed(&all.ended, 0);
		for (unsigned i = 0; i < TASKS; i++)
			tasks[i] = skua_async(hops, &all.ended);
		for (unsigned i = 0; i < TASKS; i++)
			skua_await(tasks[i]);
		cr_assert_eq(sk_load_relaxed(&all.ended), TASKS << 6);
	}
	end(&all);
}

Test(scarce, hops_take_turns_on_the_big_fibers)
{
	for (unsigned workers = 1; workers <= 3; workers++)
		many_hop(workers);
}

/* --- memory that comes back --- */

Test(scarce, memory_that_comes_back_is_used)
{
	scene all;
	skua_future *waiter, *setter;
	begin(&all, 1, 1, 1);
	waiter = skua_async(waits_for_the_last, &all.last);
	setter = skua_async(sets_the_last, &all.last);
	skua_sleep_ns(2 * MS);
	cr_assert(!skua_future_done(setter));
	sk_pool *pool = sk_pool_try_enter();
	sk_fiber_store_limit(pool->small_fibers, SIZE_MAX);
	sk_pool_leave(pool);
	skua_await(setter);
	skua_await(waiter);
	end(&all);
}
