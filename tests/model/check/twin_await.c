/* SPDX-License-Identifier: Apache-2.0 */
/* See twin_await.h. */
#include "twin_await.h"

#include "await/group.h"
#include "await/key.h"
#include "await/records.h"

#include <errno.h>
#include <string.h>

twin_await *twin;

void twin_await_setup(unsigned fibers)
{
	twin = model_new(sizeof *twin);
	memset(twin->fiber_of, TWIN_NO_FIBER, sizeof twin->fiber_of);
	twin->pool.worker_count = 1;
	model_now = 1;
	model_tick = 0;
	twin_threads_setup();
	for (unsigned i = 0; i < fibers; i++) {
		twin_fiber *here = &twin->fiber[i];
		twin->fiber_of[i] = (uint8_t)i;
		here->worker.pool = &twin->pool;
		here->worker.index = i;
		here->worker.current = &here->fiber;
		here->fiber.worker = &here->worker;
		here->fiber.is_small = true;
		here->fiber.index = i;
	}
}

void twin_run_start(unsigned index)
{
	sk_start *start;
	while (!(start = sk_load_acquire(&twin->start[index])))
		model_yield();
	start->run(start, &twin->fiber[twin->fiber_of[model_self()]].fiber);
}

void twin_fire_timer(void)
{
	sk_ticket ticket = sk_load_acquire(&twin->timer);
	if (ticket)
		sk_waiter_fire(&twin->pool, ticket, SK_CAUSE_TIMEOUT);
}

sk_worker *sk_worker_self(void)
{
	unsigned fiber = twin->fiber_of[model_self()];
	return fiber == TWIN_NO_FIBER ? NULL : &twin->fiber[fiber].worker;
}

size_t sk_fiber_count(sk_fiber_store *store)
{
	(void)store;
	return TWIN_FIBERS;
}

sk_fiber *sk_fiber_at(sk_fiber_store *store, size_t index)
{
	(void)store;
	return &twin->fiber[index].fiber;
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
	sk_store_release(&twin->timer, timer->ticket);
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
	return &twin->pool;
}

sk_pool *sk_pool_try_enter_to_wake(void)
{
	return &twin->pool;
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
	sk_store_release(&twin->start[twin->started++], start);
}

void sk_start_ready_outside(sk_pool *pool, sk_start *start)
{
	(void)pool;
	sk_store_release(&twin->start[twin->started++], start);
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

void sk_key_end(void ***values)
{
	(void)values;
}
