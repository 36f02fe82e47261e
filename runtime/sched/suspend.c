/* SPDX-License-Identifier: Apache-2.0 */
/* Suspending; see suspend.h. */
#include "sched/suspend.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/work.h"

/*
 * Announces the fiber as the one whose slots thieves look at. Its poll is NULL: its first spawn takes the slow path,
 * publishes if anybody is hungry, and settles poll behind a full fence. So no fence is needed here, and none of its
 * tasks can be private before that (a fiber that was resumed has made everything public when it stopped).
 */
SK_HOT static void announce(sk_worker *worker, sk_fiber *fiber)
{
	fiber->worker = worker;
	fiber->fresh = true;
	if (!fiber->is_small) /* the poll of those that have no slots is NULL always */
		sk_task_stack_arm_own(fiber);
	sk_store_relaxed(&fiber->wait, SK_WAIT_NONE); /* relaxed: for dumps */
	worker->current = fiber;
	/* edge worker.running -> : the fiber's header is filled */
	sk_store_release(&worker->running, fiber);
}

SK_HOT void sk_switch_arrived(sk_worker *worker)
{
	sk_commit commit = worker->left.run;
	if (!commit)
		return;
	sk_fiber *fiber = worker->left.fiber;
	worker->left.run = NULL;
	sk_hostile_point();
	if (!commit(worker, fiber, worker->left.arg))
		sk_worker_ready(worker, sk_entry_make(SK_ENTRY_FIBER, fiber), true);
}

SK_HOT static bool recycle(sk_worker *worker, sk_fiber *fiber, void *arg)
{
	(void)arg;
	sk_worker_fiber_give(worker, fiber);
	return true;
}

/* From the fiber that runs to another; comes back when somebody switches to `from` again. */
static void switch_to(sk_worker *worker, sk_fiber *from, sk_fiber *to, sk_commit commit, void *arg)
{
	SK_INVARIANT(worker->current == from && from->worker == worker, "W1: the fiber runs on its worker");
	worker->left.run = commit;
	worker->left.fiber = from;
	worker->left.arg = arg;
	announce(worker, to);
	sk_context_switch(&from->context, &to->context);
	sk_switch_arrived(from->worker); /* perhaps another worker, on another thread */
}

void sk_switch_recycling(sk_worker *worker, sk_fiber *from, sk_fiber *to)
{
	SK_TRACE_EVENT(&worker->trace, RESUME, to->index, worker->index);
	sk_store_relaxed(&from->wait, SK_WAIT_IDLE); /* relaxed: for dumps */
	switch_to(worker, from, to, recycle, NULL);
}

SK_HOT void sk_switch_from_home(sk_worker *worker, sk_fiber *to)
{
	announce(worker, to);
	sk_context_switch(&worker->home, &to->context);
	sk_switch_arrived(worker); /* the same worker: home is left and entered by one thread */
}

SK_HOT void sk_switch_home(sk_worker *worker, sk_fiber *from)
{
	worker->left.run = recycle;
	worker->left.fiber = from;
	worker->left.arg = NULL;
	worker->current = NULL;
	sk_store_relaxed(&worker->running, NULL); /* relaxed: nothing is published by it */
	sk_context_switch(&from->context, &worker->home);
	sk_switch_arrived(from->worker);
}

static void suspend_to(sk_fiber *next, sk_fiber *fiber, sk_commit commit, void *arg, enum sk_wait why)
{
	sk_worker *worker = fiber->worker;
	sk_stats_add(worker, suspended, 1);
	SK_TRACE_EVENT(&worker->trace, SUSPEND, fiber->index, why);
	sk_store_relaxed(&fiber->wait, (uint32_t)why); /* relaxed: for dumps */
	fiber->saved_errno = *worker->thread_errno;
	switch_to(worker, fiber, next, commit, arg);
	*fiber->worker->thread_errno = fiber->saved_errno;
}

bool sk_suspend(sk_fiber *fiber, sk_commit commit, void *arg, enum sk_wait why)
{
	sk_fiber *next = sk_work_next_fiber(fiber->worker);
	if (next)
		suspend_to(next, fiber, commit, arg, why);
	return next != NULL;
}

bool sk_suspend_for(sk_fiber *fiber, const sk_work *work, sk_commit commit, void *arg, enum sk_wait why)
{
	sk_worker *worker = fiber->worker;
	if (worker->handed.kind != SK_WORK_NONE)
		return false; /* left after a lack of memory: it goes first */
	sk_fiber *next = sk_worker_fiber_for(worker, work);
	if (next)
		suspend_to(next, fiber, commit, arg, why);
	else
		worker->handed.kind = SK_WORK_NONE;
	return next != NULL;
}

/* Puts the entry for the slots on the ready deque, or leaves them unlisted: then they wait for their owner. */
static void list(sk_worker *worker, sk_fiber *fiber)
{
	sk_entry entry = sk_entry_make(SK_ENTRY_SLOTS, fiber);
	if (!sk_ready_deque_push(&worker->ready, entry)) {
		/* edge suspend.listed -> : another may list it */
		sk_store_seq_cst(&fiber->listed, 0);
		return;
	}
	if (sk_idle_notify(&worker->pool->idle, worker->index))
		sk_stats_add(worker, woken, 1);
}

/*
 * The publication only releases, and need not do more, for our own look at the word (R) is seq_cst as the exchange
 * behind it (E), and so are the dropper's store of 0 (D) and its look at the word behind that (V). If E finds a 1 that
 * D is to overwrite, E comes before D; if V finds a word older than the one that R has read, V comes before R. Both
 * would be a circle in the one order of these four, R < E < D < V < R: so we list the entry, or its dropper sees our
 * tasks.
 */
void sk_suspend_share(sk_worker *worker, sk_fiber *fiber)
{
	sk_slot *head = sk_task_stack_head(fiber);
	sk_task_stack_publish(fiber, head, SIZE_MAX);
	if (!sk_task_stack_has_public(fiber)) /* R */
		return;
	/* E. edge -> suspend.listed : either it is dropped already, or its dropper sees our tasks */
	if (sk_exchange_seq_cst(&fiber->listed, 1) == 0)
		list(worker, fiber);
}

bool sk_suspend_take_slot(sk_worker *worker, sk_fiber *fiber, sk_stolen *stolen)
{
	sk_task_thief thief = { fiber };
	enum sk_steal_result result;
	while ((result = sk_task_stack_steal(thief, stolen)) == SK_STEAL_LOST && sk_task_stack_public_seen(thief))
		sk_spin_hint(); /* its owner is between clearing run and its CAS, or a rival was faster */
	if (sk_task_stack_public_seen(thief)) {
		list(worker, fiber); /* there are more: back with the entry, before the task is run */
		return result == SK_STEAL_WON;
	}
	/* D. edge suspend.listed -> : dropped; then look again, for a share may have relied on the entry */
	sk_store_seq_cst(&fiber->listed, 0);
	sk_fence_seq_cst(); /* edge -> suspend.listed : the share's publication or its exchange comes first */
	if (sk_task_stack_public_seen(thief) &&          /* V */
	    sk_exchange_seq_cst(&fiber->listed, 1) == 0) /* edge -> suspend.listed : as above */
		list(worker, fiber);
	return result == SK_STEAL_WON;
}

static bool give_way(sk_worker *worker, sk_fiber *fiber, void *arg)
{
	(void)arg;
	if (!fiber->is_small)
		sk_suspend_share(worker, fiber);
	sk_worker_ready(worker, sk_entry_make(SK_ENTRY_FIBER, fiber), false);
	return true;
}

void sk_suspend_yield(sk_fiber *fiber)
{
	(void)sk_suspend(fiber, give_way, NULL,
	                 SK_WAIT_YIELD); /* no memory: it does not give way, and asks again later */
}

void sk_resume(sk_worker *worker, sk_fiber *fiber)
{
	sk_worker_ready(worker, sk_entry_make(SK_ENTRY_FIBER, fiber), true);
}

void sk_resume_outside(sk_pool *pool, sk_fiber *fiber)
{
	fiber->inbox_node.entry = sk_entry_make(SK_ENTRY_FIBER, fiber);
	sk_inbox_push(&pool->inbox, (sk_inbox_node *)(void *)&fiber->inbox_node);
	sk_monitor_notify(pool);
}
