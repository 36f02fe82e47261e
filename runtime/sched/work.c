/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's own work; see work.h. */
#include "sched/work.h"

#include "base/check.h"
#include "base/hot.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/suspend.h"
#include "sys/clock.h"

/* A fiber that was just woken here goes first, but not more often than this in a row. */
#define LIFO_BUDGET 3u
/* Slots of a suspended fiber come last, but not after more others than this: those may be waiting for them. */
#define SLOTS_PASSED_MAX 8u
#define INBOX_PERIOD 61u
/* Looks at the clock in busy times: every so many rounds, or after so many direct switches. */
#define TIMERS_PERIOD 8u
#define DIRECT_MAX 61u
/* A searching worker asks the kernel for events every so many rounds: a round is shorter than the system call. */
#define EVENTS_PERIOD 4u

/* Something waits that the thread in the seat does not do, and all are busy: the monitor has asked. */
static bool must_hand_over(sk_worker *worker)
{
	if (sk_load_relaxed(&worker->tick)) { /* relaxed: a request without data */
		sk_store_relaxed(&worker->tick, 0);
		worker->hand_over = true;
	}
	return worker->hand_over;
}

/* Is the seat to be left? */
SK_HOT bool sk_work_must_leave(sk_worker *worker)
{
	if (worker->seat_root)
		return sk_root_done(worker->seat_root) || must_hand_over(worker);
	return sk_load_acquire(&worker->pool->stop); /* edge -> pool.stop : the stopper's last words */
}

/* --- turning entries into work --- */

bool sk_work_open(sk_worker *worker, sk_entry entry, sk_work *work)
{
	void *pointer = sk_entry_pointer(entry);
	sk_stats_add(worker, ready_taken, 1);
	switch (sk_entry_kind_of(entry)) {
	case SK_ENTRY_FIBER:
		work->kind = SK_WORK_FIBER;
		work->fiber = pointer;
		return true;
	case SK_ENTRY_ROOT:
		work->kind = SK_WORK_ROOT;
		work->root = pointer;
		return true;
	case SK_ENTRY_START:
		work->kind = SK_WORK_START;
		work->start = pointer;
		return true;
	case SK_ENTRY_SLOTS:
		if (!sk_suspend_take_slot(worker, pointer, &work->stolen))
			return false; /* stale, or lost to a rival */
		work->kind = SK_WORK_STOLEN;
		return true;
	}
	return false;
}

bool sk_work_drain_inbox(sk_worker *worker)
{
	sk_inbox_node *node = sk_inbox_take_all(&worker->pool->inbox);
	if (!node)
		return false;
	bool others = !sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready });
	unsigned taken = 0;
	while (node) {
		sk_inbox_node *next = node->next; /* read first: the entry's owner may free the node when it is taken */
		if (!sk_ready_deque_push(&worker->ready, node->entry)) {
			sk_inbox_push(&worker->pool->inbox, node); /* no memory to grow: back, and later again */
			sk_thread_yield();
		} else {
			taken++;
		}
		node = next;
	}
	sk_stats_add(worker, inbox_taken, taken);
	/* While an entry was in these hands, nobody could see it: who parked meanwhile must be told, unless the only
	 * one is what this worker does next. */
	if (taken > 1 || others)
		sk_monitor_notify(worker->pool);
	return true;
}

/* It came round to what it had woken; until it has done so often enough, others may. */
static SK_ASIDE void gain_trust(sk_worker *worker, uint32_t trust)
{
	sk_store_relaxed(&worker->soon_trust, trust + 1); /* relaxed: a guess */
	sk_ready_deque_keep_soon(&worker->ready, trust + 1 == SK_SOON_KEPT && worker->pool->membarrier);
}

static sk_entry own_soon(sk_worker *worker)
{
	sk_entry entry = sk_ready_deque_take_soon(&worker->ready);
	if (!entry)
		return 0;
	worker->lifo_run++;
	uint32_t trust = sk_load_relaxed(&worker->soon_trust); /* relaxed: a guess */
	if (SK_UNLIKELY(trust < SK_SOON_KEPT))
		gain_trust(worker, trust);
	return entry;
}

/* The next own entry: the oldest, or a few times in a row the one that was just woken here. */
static sk_entry next_own(sk_worker *worker, bool *lost)
{
	sk_ready_thief own = { &worker->ready };
	*lost = false;
	if (worker->lifo_run < LIFO_BUDGET || sk_ready_deque_queue_seen_empty(own)) {
		sk_entry entry = own_soon(worker);
		if (entry)
			return entry;
	}
	worker->lifo_run = 0;
	sk_entry entry = sk_ready_deque_take(own, lost);
	return entry || *lost ? entry : own_soon(worker);
}

/* Passes over an entry for the slots of a suspended fiber: back it goes, behind the others. */
static bool pass_over(sk_worker *worker, sk_entry entry)
{
	sk_ready_thief own = { &worker->ready };
	if (sk_entry_kind_of(entry) != SK_ENTRY_SLOTS)
		return false;
	if (worker->slots_passed >= SLOTS_PASSED_MAX || !sk_ready_deque_seen_other(own, SK_ENTRY_SLOTS) ||
	    !sk_ready_deque_push(&worker->ready, entry)) {
		worker->slots_passed = 0;
		return false;
	}
	worker->slots_passed++;
	sk_idle_notify(&worker->pool->idle, worker->index); /* it was in nobody's sight for a moment */
	return true;
}

/*
 * Work from the own ready deque. Slots of a suspended fiber come late: the fiber itself may be among the rest, and goes
 * on with its newest task, where the entry gives its oldest to a fiber more.
 */
static bool take_own(sk_worker *worker, sk_work *work)
{
	sk_ready_thief own = { &worker->ready };
	while (!sk_ready_deque_seen_empty(own)) {
		bool lost;
		sk_entry entry = next_own(worker, &lost);
		if (!entry && !lost)
			return false;
		if (entry && pass_over(worker, entry))
			continue;
		if (entry && sk_work_open(worker, entry, work))
			return true;
	}
	return false;
}

/* Fires the own timers that are due. In busy times the clock is read now and then only. */
static void look_at_timers(sk_worker *worker)
{
	if (sk_timers_next(&worker->timers) == SK_TIMERS_NEVER)
		return;
	if (++worker->since_timers < TIMERS_PERIOD && !sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready }))
		return;
	worker->since_timers = 0;
	sk_timers_expire(worker->pool, &worker->timers, sk_clock_ns());
}

/* And those of others, who may be busy for long. */
void sk_work_expire_others(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	uint64_t now = sk_clock_ns();
	for (unsigned i = 0; i < pool->worker_count; i++)
		if (sk_timers_next(&pool->workers[i].timers) <= now)
			sk_timers_expire(pool, &pool->workers[i].timers, now);
}

static unsigned look_at_events(sk_worker *worker)
{
	uint32_t looks = sk_load_relaxed(&worker->looks); /* own */
	sk_store_relaxed(&worker->looks, looks + 1);      /* relaxed: for the monitor, which comes back */
	return sk_poller_look(worker->pool);
}

/* The kernel's events, when there is nothing else: at once, and then in every so many rounds of the search. */
static unsigned look_for_events(sk_worker *worker)
{
	if (worker->searching && ++worker->since_events < EVENTS_PERIOD)
		return 0;
	worker->since_events = 0;
	unsigned fired = look_at_events(worker);
	worker->looked_in_vain = fired == 0;
	return fired;
}

/* Own ready work, and timers and inbox when that is empty or they have waited long. */
bool sk_work_take_local(sk_worker *worker, sk_work *work)
{
	worker->direct = 0;
	worker->looked_in_vain = false;
	look_at_timers(worker);
	if (worker->seat_root)
		return take_own(worker, work); /* roots of others are for the stand-in */
	if (++worker->since_inbox >= INBOX_PERIOD) {
		worker->since_inbox = 0;
		sk_work_drain_inbox(worker);
		look_at_events(worker);
	}
	if (take_own(worker, work))
		return true;
	bool drained = sk_work_drain_inbox(worker);
	return (drained || look_for_events(worker) > 0) && take_own(worker, work);
}

/* What was taken is no fiber, or something is left over from a lack of memory. */
static SK_ASIDE sk_fiber *next_fiber_for(sk_worker *worker, sk_entry entry)
{
	sk_work work = worker->handed;
	if (work.kind == SK_WORK_NONE && (pass_over(worker, entry) || !sk_work_open(worker, entry, &work)))
		return sk_worker_fiber_take(worker);
	return sk_worker_fiber_for(worker, &work);
}

sk_fiber *sk_work_next_fiber(sk_worker *worker)
{
	if (SK_UNLIKELY(worker->handed.kind != SK_WORK_NONE))
		return next_fiber_for(worker, 0);
	bool lost;
	sk_entry entry = ++worker->direct < DIRECT_MAX ? next_own(worker, &lost) : 0;
	if (!entry)
		return sk_worker_fiber_take(worker); /* it looks around */
	if (sk_entry_kind_of(entry) != SK_ENTRY_FIBER)
		return next_fiber_for(worker, entry);
	sk_stats_add(worker, ready_taken, 1);
	sk_stats_add(worker, resumed, 1);
	return sk_entry_pointer(entry);
}

bool sk_work_is_waiting(sk_worker *worker)
{
	return !sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready }) || ++worker->direct >= DIRECT_MAX ||
	       !sk_inbox_seen_empty(&worker->pool->inbox);
}
