/* SPDX-License-Identifier: Apache-2.0 */
/* Started tasks begin on another worker while the one that started them computes on, whatever that one did before. */
#include "sched/start.h"

#include "crowd.h"
#include "scarce.h"
#include "started.h"
#include "sys/clock.h"

#include <signal.h>

static void *raise_it(void *arg)
{
	flag_raise(arg);
	return arg;
}

static void compute_ns(uint64_t ns)
{
	for (uint64_t end = sk_clock_ns() + ns; sk_clock_ns() < end;)
		sk_spin_hint();
}

/* This worker comes round to what it has made ready: after some rounds others trust it to. */
static void be_trusted(void)
{
	flag raised = SK_ATOMIC_INIT(0);
	for (unsigned i = 0; i < 64; i++)
		skua_await(skua_async(raise_it, &raised));
}

/*
 * An idle worker searches for some 200 us before it parks. A start at the very moment of its last look around is seen
 * by that look, or wakes it; trusted or not.
 */
static void *starts_while_the_others_park(void *arg)
{
	for (unsigned round = 0; round < CROWD_ROUNDS(1000); round++) {
		flag raised = SK_ATOMIC_INIT(0);
		be_trusted();
		compute_ns(150000 + round % 200 * 500);
		skua_future *future = skua_async(raise_it, &raised);
		flag_await(&raised);
		skua_await(future);
	}
	return arg;
}

static void starts(void)
{
	skua_await(skua_async(starts_while_the_others_park, NULL));
}

Test(start, begins_elsewhere_while_its_starter_computes)
{
	with_workers(2, 3, starts);
}

static void *starts_another(void *is_raised)
{
	return skua_await(skua_async(raise_it, is_raised));
}

/* Whether one sleeps is seen in one word up to 64 workers, and looked for in several above. */
Test(start, one_of_many_workers_is_told)
{
	flag raised = SK_ATOMIC_INIT(0);
	start(70, false);
	cr_assert_eq(skua_await(skua_async(starts_another, &raised)), &raised);
	cr_assert_eq(sk_load_acquire(&raised), 1);
	stop_settled();
}

/* --- no memory for the fiber on which the fork-join part runs --- */

SKUA_TASK(int, doubles, int, i)
{
	return 2 * i;
}

static void *doubles_without_memory(void *arg)
{
	sk_worker *worker = sk_worker_self();
	sk_fiber *taken = take_all_fibers(worker);
	int *number = arg;
	*number = SKUA_RUN(doubles, *number);
	give_all_fibers(worker, taken);
	return arg;
}

/* One worker: it is the task's while it tries again. */
Test(start, a_fork_join_part_without_memory_for_a_fiber_waits_until_there_is)
{
	start(1, false);
	int number = 21;
	skua_future *task = skua_async(doubles_without_memory, &number);
	flag_await(&no_memory);
	skua_sleep_ns(UINT64_C(5000000));
	cr_assert_not(skua_future_done(task));
	sk_store_release(&no_memory, 0);
	cr_assert_eq(skua_await(task), &number);
	cr_assert_eq(number, 42);
	stop_settled();
}

/* --- what a lack of memory has left over --- */

typedef struct leftover {
	flag is_run;
	int number;
} leftover;

/* The start that the yield takes finds no small fiber: it is left with the worker. */
static void *doubles_with_a_start_left_over(void *arg)
{
	leftover *self = arg;
	sk_worker *worker = sk_worker_self();
	skua_future *later = skua_async(raise_it, &self->is_run);
	sk_fiber *taken = take_all_fibers(worker), *small = NULL;
	for (sk_fiber *fiber; (fiber = sk_worker_small_take(worker)); small = fiber)
		fiber->next = small;
	skua_yield();
	cr_assert_eq(worker->handed.kind, SK_WORK_START);
	sk_store_release(&no_memory, 0);
	self->number = SKUA_RUN(doubles, self->number);
	skua_await(later);
	give_all_fibers(worker, small);
	give_all_fibers(worker, taken);
	return arg;
}

Test(start, a_start_that_was_left_over_goes_before_a_fork_join_part, .timeout = 20)
{
	leftover self = { SK_ATOMIC_INIT(0), 21 };
	start(1, false);
	cr_assert_eq(skua_await(skua_async(doubles_with_a_start_left_over, &self)), &self);
	cr_assert_eq(self.number, 42);
	cr_assert_eq(sk_load_acquire(&self.is_run), 1);
	stop_settled();
}

/* --- no memory for the fiber of a root --- */

static flag is_done;

static void doubles_as_root(void *arg, unsigned index)
{
	int *number = arg;
	(void)index;
	*number = SKUA_RUN(doubles, *number);
	flag_raise(&is_done);
}

static void *leaves_no_memory(void *arg)
{
	sk_worker *worker = sk_worker_self();
	sk_fiber **taken = arg;
	*taken = take_all_fibers(worker);
	while (sk_inbox_seen_empty(&worker->pool->inbox))
		sched_yield();
	return arg;
}

static void *gives_back(void *taken)
{
	give_all_fibers(sk_worker_self(), taken);
	return taken;
}

/* The task's small fiber comes to the root when it has done with the task, and has to find it a big one. */
Test(start, a_root_without_memory_for_a_fiber_waits_until_there_is)
{
	sk_fiber *taken = NULL;
	int number = 21;
	crowd helper;
	start(1, false);
	skua_future *task = skua_async(leaves_no_memory, &taken);
	flag_await(&no_memory);
	crowd_start(&helper, 1, doubles_as_root, &number);
	cr_assert_eq(skua_await(task), &taken);
	skua_sleep_ns(UINT64_C(5000000));
	cr_assert_not(sk_load_acquire(&is_done));
	sk_store_release(&no_memory, 0);
	crowd_join(&helper);
	cr_assert_eq(number, 42);
	skua_await(skua_async(gives_back, taken));
	stop_settled();
}

static void *takes_all(void *arg)
{
	take_all_fibers(sk_worker_self());
	return arg;
}

Test(start, a_worker_without_memory_for_its_first_fiber_is_told, .signal = SIGABRT)
{
	int number = 21;
	start(1, false);
	skua_await(skua_async(takes_all, &number));
	sk_pool *pool = sk_pool_try_enter();
	while (sk_load_acquire(&pool->seat.held)) /* by the stand-in, until it parks */
		sched_yield();
	sk_pool_leave(pool);
	SKUA_RUN(doubles, number);
}
