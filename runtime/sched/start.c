/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and hops; see start.h. */
#include "sched/start.h"

#include "base/check.h"
#include "sched/pool.h"
#include "sched/suspend.h"

void sk_start_ready(sk_worker *worker, sk_start *start)
{
	/* relaxed: own; a stop reads it after it has seen the count of ended ones */
	sk_store_relaxed(&worker->starts_made, sk_load_relaxed(&worker->starts_made) + 1);
	sk_entry entry = sk_entry_make(SK_ENTRY_START, start);
	/* The newest is what a caller that awaits it goes on with: others know of it, and leave it alone a moment; who
	 * parks meanwhile tells the monitor (sched/search.c). */
	if (SK_UNLIKELY(!sk_worker_push_soon(worker, entry))) {
		start->node.entry = entry; /* no memory to grow: the inbox needs none */
		sk_inbox_push(&worker->pool->inbox, &start->node);
		sk_monitor_notify(worker->pool);
		return;
	}
	sk_pool_tell(worker);
}

void sk_start_ready_outside(sk_pool *pool, sk_start *start)
{
	sk_add_relaxed(&pool->starts_made, 1); /* relaxed: the inbox publishes the start */
	start->node.entry = sk_entry_make(SK_ENTRY_START, start);
	sk_inbox_push(&pool->inbox, &start->node);
	sk_monitor_notify(pool);
}

void sk_start_begin(sk_start *start, sk_fiber *fiber)
{
	sk_stats_add(fiber->worker, started, 1);
	sk_store_relaxed(&fiber->root, NULL); /* relaxed: a preference of thieves */
	fiber->is_branch = false;
	start->run(start, fiber);
}

void sk_start_end(sk_fiber *fiber)
{
	sk_worker *worker = fiber->worker;
	fiber->scope = NULL;
	uint64_t ended = sk_load_relaxed(&worker->starts_ended) + 1; /* relaxed: own */
	/* edge start.ended -> : nothing of the task runs */
	sk_store_release(&worker->starts_ended, ended);
	if (SK_UNLIKELY(sk_load_relaxed(&worker->pool->draining))) /* relaxed: a stop looks now and then by itself */
		sk_park_wake(&worker->pool->draining, 1);
}

uint64_t sk_start_count(sk_pool *pool)
{
	/* Ended before made: what is in the first sum is in the second. */
	uint64_t ended = 0, made = 0;
	for (unsigned i = 0; i < pool->worker_count; i++)
		ended += sk_load_acquire(&pool->workers[i].starts_ended); /* edge -> start.ended : what they did */
	for (unsigned i = 0; i < pool->worker_count; i++)
		made += sk_load_relaxed(&pool->workers[i].starts_made); /* relaxed: see above */
	return made + sk_load_relaxed(&pool->starts_made) - ended;      /* relaxed: as above */
}

/* The hop's end knows the fiber; nobody else has to find it. */
static bool nothing_to_register(sk_worker *worker, sk_fiber *fiber, void *arg)
{
	(void)worker;
	(void)fiber;
	(void)arg;
	return true;
}

void sk_hop_run(sk_fiber *fiber, sk_slot *slot)
{
	sk_hop hop = { slot, fiber };
	sk_work work = { .kind = SK_WORK_HOP, .hop = &hop };
	while (!sk_suspend_for(fiber, &work, nothing_to_register, NULL, SK_WAIT_HOP)) {
		sk_thread_yield();       /* no memory for a fiber: others end, and give theirs back */
		sk_suspend_yield(fiber); /* here, too; and what was left over for want of memory goes first */
	}
}

void sk_hop_begin(sk_hop *hop, sk_fiber *fiber)
{
	sk_fiber *back = hop->back;
	sk_slot *slot = hop->slot;
	sk_store_relaxed(&fiber->root, NULL); /* relaxed: a preference of thieves */
	fiber->scope = back->scope;
	fiber->is_branch = false;
	sk_task_stack_begin(fiber);
	slot->run(slot, fiber, fiber->slots);
	sk_switch_resuming(fiber->worker, fiber, back);
}
