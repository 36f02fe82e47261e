/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futures: sched/waiter.c and await/async.c as they are. A fiber (thread 0, and thread 1, the context that commits its
 * waits) awaits a task that thread 2 runs; where there is a deadline, thread 3 fires its ticket. The fiber goes on once
 * for each wait, sees the result, and its stack is not used by the commit any more when it does.
 */
#include "await/async.h"
#include "await/group.h"
#include "await/key.h"
#include "await/records.h"
#include "scenarios.h"
#include "sched/pool.h"
#include "twin_fiber.h"

#include <errno.h>

static struct board {
	sk_pool pool;
	twin_fiber waiting, running;
	SK_ATOMIC(sk_start *) start;
	SK_ATOMIC(sk_ticket) timer;
	uint64_t content;
} * b;

/* --- what lies beside it --- */

sk_worker *sk_worker_self(void)
{
	return model_self() < 2 ? &b->waiting.worker : &b->running.worker;
}

size_t sk_fiber_count(sk_fiber_store *store)
{
	(void)store;
	return 1;
}

sk_fiber *sk_fiber_at(sk_fiber_store *store, size_t index)
{
	(void)store;
	model_check(index == 0, "there is one fiber that waits");
	return &b->waiting.fiber;
}

void sk_worker_ready(sk_worker *worker, sk_entry entry, bool soon)
{
	(void)worker;
	(void)soon;
	twin_resume(sk_entry_pointer(entry));
}

void sk_resume_outside(sk_pool *pool, sk_fiber *fiber)
{
	(void)pool;
	twin_resume(fiber);
}

void sk_suspend_share(sk_worker *worker, sk_fiber *fiber)
{
	(void)worker;
	(void)fiber;
}

bool sk_timers_set(sk_timers *wheel, sk_timer *timer, uint64_t at_ns)
{
	(void)wheel;
	(void)at_ns;
	sk_store_release(&b->timer, timer->ticket);
	return false;
}

bool sk_timers_remove(sk_timer *timer)
{
	(void)timer;
	return true;
}

void sk_monitor_expect(sk_pool *pool, uint64_t at_ns)
{
	(void)pool;
	(void)at_ns;
}

sk_pool *sk_pool_enter(void)
{
	return NULL;
}

sk_pool *sk_pool_try_enter_to_wake(void)
{
	return NULL;
}

void sk_pool_leave(sk_pool *pool)
{
	(void)pool;
}

int sk_pool_error(void)
{
	return -ENOMEM;
}

void sk_pool_hook(const sk_pool_hooks *hooks)
{
	(void)hooks;
}

void sk_start_ready(sk_worker *worker, sk_start *start)
{
	(void)worker;
	sk_store_release(&b->start, start);
}

void sk_start_ready_outside(sk_pool *pool, sk_start *start)
{
	(void)pool;
	(void)start;
}

void sk_start_end(sk_fiber *fiber)
{
	(void)fiber;
}

sk_async *sk_record_take(void)
{
	sk_async *record = model_new(sizeof *record);
	sk_store_relaxed(&record->state, SK_ASYNC_FREE);
	return record;
}

void sk_record_give(sk_async *record)
{
	model_plain(&record->arg, sizeof record->arg, true); /* somebody else's from now on */
}

void sk_group_task_run(sk_async *async)
{
	(void)async;
}

void sk_group_task_ended(sk_async *async)
{
	(void)async;
}

void sk_key_end(void ***values)
{
	(void)values;
}

/* --- scenarios --- */

static void setup(void)
{
	b = model_new(sizeof *b);
	twin_fiber *twins[] = { &b->waiting, &b->running };
	for (unsigned i = 0; i < 2; i++) {
		twins[i]->worker.pool = &b->pool;
		twins[i]->worker.index = i;
		twins[i]->worker.current = &twins[i]->fiber;
		twins[i]->fiber.worker = &twins[i]->worker;
		twins[i]->fiber.is_small = true;
		twins[i]->fiber.index = i;
	}
	b->waiting.has_next = true;
}

static void *task(void *arg)
{
	b->content = 7;
	return (char *)arg + 1;
}

static void take_part(unsigned thread)
{
	if (thread == 1) {
		twin_next_context(&b->waiting);
	} else if (thread == 2) {
		sk_start *start;
		while (!(start = sk_load_acquire(&b->start)))
			model_yield();
		start->run(start, &b->running.fiber);
	} else {
		sk_ticket ticket = sk_load_acquire(&b->timer);
		if (ticket)
			sk_waiter_fire(&b->pool, ticket, SK_CAUSE_TIMEOUT);
	}
}

static void await(unsigned thread)
{
	if (thread > 0) {
		take_part(thread);
		return;
	}
	skua_future *future = skua_async(task, b);
	model_check(skua_await(future) == (char *)b + 1, "the result is not there");
	model_check(b->content == 7, "what the task did is not there");
	twin_end(&b->waiting);
}

/* With a deadline: afterwards the future is dropped, or awaited again. */
static void await_until(unsigned thread, bool drop)
{
	if (thread > 0) {
		take_part(thread);
		return;
	}
	skua_future *future = skua_async(task, b);
	void *result = NULL;
	if (skua_await_until(future, 1000, &result) == -ETIMEDOUT) {
		if (drop)
			skua_drop(future);
		else
			result = skua_await(future);
	}
	if (result || !drop) {
		model_check(result == (char *)b + 1, "the result is not there");
		model_check(b->content == 7, "what the task did is not there");
	}
	twin_end(&b->waiting);
}

static void await_again(unsigned thread)
{
	await_until(thread, false);
}

static void await_drop(unsigned thread)
{
	await_until(thread, true);
}

const model_scenario future_scenarios[] = {
	{ "future.await", "one awaits, one finishes", 3, setup, await, NULL, .spurious = 0 },
	{ "future.again", "a deadline, then awaited again", 4, setup, await_again, NULL, .spurious = 0,
	  .is_large = true },
	{ "future.drop", "a deadline, then dropped", 4, setup, await_drop, NULL, .spurious = 0 },
	{ 0 },
};
