/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks of await.h; protocol: async.h. */
#include "await/async.h"

#include "await/group.h"
#include "await/key.h"
#include "await/records.h"
#include "base/check.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/suspend.h"

#include <skua/await.h>

#include <errno.h>

static inline sk_async *record_of(const skua_future *future)
{
	return (sk_async *)(uintptr_t)future; /* NOLINT: the public name of the record */
}

/* --- the task's life --- */

/* The end: the fiber goes on with whoever waits for it, or returns to its loop. */
static void finish(sk_async *async, sk_fiber *fiber)
{
	sk_hostile_point();
	sk_start_end(fiber);
	/* edge async.done -> : the result. edge -> async.wait : the ticket */
	uint64_t old = sk_exchange_acq_rel(&async->state, SK_ASYNC_DONE);
	if (old == SK_ASYNC_DROPPED)
		sk_async_free(async);
	if (!sk_is_ticket(old))
		return;
	sk_worker *worker = fiber->worker;
	sk_fiber *waiter = sk_waiter_claim(worker->pool, old, SK_CAUSE_EVENT);
	if (waiter)
		sk_switch_resuming(worker, fiber, waiter);
}

static void run(sk_start *start, sk_fiber *fiber)
{
	sk_async *async = sk_container_of(start, sk_async, start);
	fiber->scope = &async->scope;
	if (async->group) {
		sk_group_task_run(async);
	} else {
		async->arg = async->fn(async->arg);
	}
	uint32_t open_groups = sk_load_relaxed(&async->open_groups); /* relaxed: what was spawned was synced */
	if (SK_UNLIKELY(open_groups))
		sk_panic("a task ended without skua_group_wait for %u group%s that it had begun", open_groups,
			 open_groups == 1 ? "" : "s");
	if (SK_UNLIKELY(async->scope.values != NULL))
		sk_key_end(&async->scope.values);
	if (async->group)
		sk_group_task_ended(async);
	finish(async, fiber);
}

sk_async *sk_async_new(void)
{
	sk_async *async = sk_record_take();
	if (!async)
		return NULL;
	SK_INVARIANT(sk_load_relaxed(&async->state) == SK_ASYNC_FREE, "a record that is given out was free");
	async->start.run = run;
	sk_store_relaxed(&async->scope.cancelled, 0); /* relaxed, both: the start publishes them */
	sk_store_relaxed(&async->scope.waiting, 0);
	sk_store_relaxed(&async->scope.shields, 0); /* relaxed: as above */
	async->scope.values = NULL;
	async->group = NULL;
	sk_store_relaxed(&async->open_groups, 0); /* relaxed: as above */
	return async;
}

void sk_async_free(sk_async *async)
{
	sk_store_relaxed(&async->state, SK_ASYNC_FREE); /* relaxed: only a misuse reads it */
	sk_record_give(async);
}

int sk_async_start(sk_async *async)
{
	sk_worker *worker = sk_worker_self();
	if (worker) {
		sk_start_ready(worker, &async->start);
		return 0;
	}
	sk_pool *pool = sk_pool_enter();
	if (!pool)
		return sk_pool_error();
	sk_start_ready_outside(pool, &async->start);
	sk_pool_leave(pool);
	return 0;
}

sk_async *sk_async_self(void)
{
	sk_scope *scope = sk_scope_self();
	return scope ? sk_container_of(scope, sk_async, scope) : NULL;
}

/* --- futures --- */

skua_future *skua_async(void *(*fn)(void *), void *arg)
{
	sk_async *async = sk_async_new();
	if (!async) {
		errno = ENOMEM;
		return NULL;
	}
	async->fn = fn;
	async->arg = arg;
	sk_store_relaxed(&async->state, SK_ASYNC_RUNNING); /* relaxed: the start publishes it */
	int error = sk_async_start(async);
	if (error < 0) {
		sk_async_free(async);
		errno = -error;
		return NULL;
	}
	return (skua_future *)async;
}

bool sk_async_enlist(void *arg, sk_ticket ticket)
{
	sk_async *async = arg;
	uint64_t running = SK_ASYNC_RUNNING;
	/* edge async.wait -> : the ticket. On failure edge -> async.done : the result. */
	if (sk_cas_acq_rel(&async->state, &running, ticket))
		return true;
	if (running == SK_ASYNC_DONE)
		return false;
	sk_panic(sk_is_ticket(running) ? "two callers wait for one future" : "a future was awaited after its end");
}

bool sk_async_delist(sk_async *async, sk_ticket ticket)
{
	uint64_t state = ticket;
	/* edge -> async.done : on failure, the result */
	return !sk_cas_acq_rel(&async->state, &state, SK_ASYNC_RUNNING);
}

static bool is_done(sk_async *async)
{
	uint64_t state = sk_load_acquire(&async->state); /* edge -> async.done : the result */
	if (SK_UNLIKELY(state == SK_ASYNC_FREE || state == SK_ASYNC_DROPPED))
		sk_panic("a future was awaited or dropped twice");
	return state == SK_ASYNC_DONE;
}

typedef struct await {
	sk_async *async;
	sk_ticket ticket;
} await;

static bool enlist(void *arg, sk_ticket ticket)
{
	await *waiting = arg;
	waiting->ticket = ticket;
	return sk_async_enlist(waiting->async, ticket);
}

/* 0: done; -ETIMEDOUT, -ECANCELED: not, and nobody is registered any more. */
static int await_once(sk_async *async, uint64_t deadline_ns, bool cancellable)
{
	await waiting = { async, 0 };
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = &waiting,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_FUTURE,
		.cancellable = cancellable,
	};
	uint32_t cause = sk_wait(&what);
	if (cause != SK_CAUSE_TIMEOUT && cause != SK_CAUSE_CANCEL)
		return 0;
	if (waiting.ticket ? sk_async_delist(async, waiting.ticket) : is_done(async))
		return 0;
	return cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
}

static void *take_result(sk_async *async)
{
	void *result = async->arg;
	sk_async_free(async);
	return result;
}

void *skua_await(skua_future *future)
{
	sk_async *async = record_of(future);
	if (!is_done(async) && await_once(async, SK_TIMERS_NEVER, true) < 0) {
		sk_scope_cancel(&async->scope);
		await_once(async, SK_TIMERS_NEVER, false);
	}
	SK_INVARIANT(is_done(async), "an awaited task is done");
	return take_result(async);
}

int skua_await_until(skua_future *future, uint64_t at_ns, void **result)
{
	sk_async *async = record_of(future);
	if (!is_done(async)) {
		int error = await_once(async, at_ns, true);
		if (error < 0)
			return error;
	}
	void *value = take_result(async);
	if (result)
		*result = value;
	return 0;
}

int skua_future_done(const skua_future *future)
{
	return is_done(record_of(future));
}

void skua_drop(skua_future *future)
{
	sk_async *async = record_of(future);
	uint64_t state = SK_ASYNC_RUNNING;
	/* On failure edge -> async.done : nothing of the task runs. On success edge async.wait -> : who frees it. */
	if (is_done(async) || !sk_cas_acq_rel(&async->state, &state, SK_ASYNC_DROPPED)) {
		if (sk_is_ticket(state))
			sk_panic("a future was dropped while somebody waits for it");
		sk_async_free(async);
	}
}

void skua_cancel(skua_future *future)
{
	sk_scope_cancel(&record_of(future)->scope);
}

int skua_cancelled(void)
{
	return sk_scope_is_cancelled(sk_scope_self());
}

void skua_shield(int on)
{
	sk_scope *scope = sk_scope_self();
	if (!scope)
		return;
	/* relaxed, all: pieces of a loop count together, and each sees what it has done itself */
	uint32_t shields = sk_load_relaxed(&scope->shields);
	SK_REQUIRE(on || shields > 0, "skua_shield(0) without a skua_shield(1)");
	if (on)
		sk_add_relaxed(&scope->shields, 1);
	else if (shields > 0)
		sk_add_relaxed(&scope->shields, (uint32_t)-1);
}
