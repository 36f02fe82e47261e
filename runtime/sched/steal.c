/* SPDX-License-Identifier: Apache-2.0 */
/* Finding work; see steal.h. */
#include "sched/steal.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/suspend.h"
#include "sys/clock.h"
#include "sys/membarrier.h"

#include <errno.h>

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
/* A searching worker looks at the timers of others, and at what they have just woken, every so many rounds. */
#define OTHERS_PERIOD 16u

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
SK_HOT static bool must_leave(sk_worker *worker)
{
	if (worker->seat_root)
		return sk_root_done(worker->seat_root) || must_hand_over(worker);
	return sk_load_acquire(&worker->pool->stop); /* edge -> pool.stop : the stopper's last words */
}

/* --- turning entries into work --- */

static bool open_entry(sk_worker *worker, sk_entry entry, sk_work *work)
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

static sk_entry own_soon(sk_worker *worker)
{
	sk_entry entry = sk_ready_deque_take_soon((sk_ready_thief){ &worker->ready });
	if (!entry)
		return 0;
	worker->lifo_run++;
	uint32_t trust = sk_load_relaxed(&worker->soon_trust); /* relaxed: a guess */
	if (trust < SK_SOON_TRUSTED)
		sk_store_relaxed(&worker->soon_trust, trust + 1); /* relaxed: as above */
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
		if (entry && open_entry(worker, entry, work))
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
static void look_at_others_timers(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	uint64_t now = sk_clock_ns();
	for (unsigned i = 0; i < pool->worker_count; i++)
		if (sk_timers_next(&pool->workers[i].timers) <= now)
			sk_timers_expire(pool, &pool->workers[i].timers, now);
}

/* The kernel's events, when there is nothing else: at once, and then in every so many rounds of the search. */
static unsigned look_for_events(sk_worker *worker)
{
	if (worker->searching && ++worker->since_events < EVENTS_PERIOD)
		return 0;
	worker->since_events = 0;
	return sk_poller_look(worker->pool);
}

/* Own ready work, and timers and inbox when that is empty or they have waited long. */
static bool take_local(sk_worker *worker, sk_work *work)
{
	worker->direct = 0;
	look_at_timers(worker);
	if (worker->seat_root)
		return take_own(worker, work); /* roots of others are for the stand-in */
	if (++worker->since_inbox >= INBOX_PERIOD) {
		worker->since_inbox = 0;
		sk_work_drain_inbox(worker);
		sk_poller_look(worker->pool);
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
	if (work.kind == SK_WORK_NONE && (pass_over(worker, entry) || !open_entry(worker, entry, &work)))
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

/* --- stealing --- */

/* The public part of a victim was emptied: if others are hungry, its owner is asked for more. */
static void rearm(sk_worker *worker, sk_fiber *fiber)
{
	sk_fence_seq_cst(); /* edge -> idle.word : the steal was before, the hunger is read after */
	uint32_t self = worker->searching ? 1 : 0;
	if (sk_idle_hungry_sure(&worker->pool->idle) > self)
		sk_task_stack_arm((sk_task_thief){ fiber });
}

/*
 * The thread that waits in the seat helps only with its own root: in a task of another it could be kept for ever, or
 * until something that only this very thread will do.
 */
static bool may_take(const sk_worker *worker, const sk_fiber *fiber)
{
	return !worker->seat_root || sk_load_relaxed(&fiber->root) == worker->seat_root; /* relaxed: a preference */
}

static bool steal_slot(sk_worker *worker, sk_worker *victim, sk_work *work)
{
	sk_fiber *fiber = sk_load_acquire(&victim->running); /* edge -> worker.running : the header */
	if (!fiber || !may_take(worker, fiber))
		return false;
	sk_task_thief thief = { fiber };
	switch (sk_task_stack_steal(thief, &work->stolen)) {
	case SK_STEAL_WON:
		work->kind = SK_WORK_STOLEN;
		sk_stats_add(worker, stolen, 1);
		SK_TRACE_EVENT(&worker->trace, STEAL, victim->index, work->stolen.slot - fiber->slots);
		if (work->stolen.emptied)
			rearm(worker, fiber);
		return true;
	case SK_STEAL_NOTHING:
		sk_task_stack_arm(thief);
		break;
	case SK_STEAL_LOST:
		break;
	}
	return false;
}

static bool steal_ready(sk_worker *worker, sk_worker *victim, sk_work *work)
{
	sk_ready_thief thief = { &victim->ready };
	if (worker->seat_root || sk_ready_deque_queue_seen_empty(thief))
		return false;
	bool lost;
	sk_entry entry = sk_ready_deque_take(thief, &lost);
	return entry && open_entry(worker, entry, work);
}

/* What a victim has woken and is to be the next one there; only if it does not come round to it. */
static bool steal_soon(sk_worker *worker, sk_worker *victim, sk_work *work)
{
	sk_ready_thief thief = { &victim->ready };
	sk_entry seen = sk_ready_deque_soon_seen(thief);
	if (!seen)
		return false;
	for (uint64_t begin = sk_clock_ticks(); sk_clock_ticks() - begin < worker->pool->tiny_ticks * 2;)
		sk_spin_hint();
	if (sk_ready_deque_soon_seen(thief) != seen)
		return false;
	sk_entry entry = sk_ready_deque_take_soon(thief);
	if (!entry)
		return false;
	sk_store_relaxed(&victim->soon_trust, 0); /* relaxed: a guess */
	return open_entry(worker, entry, work);
}

static bool steal_soon_round(sk_worker *worker, sk_work *work)
{
	if (worker->seat_root)
		return false;
	sk_victim_round round = sk_victim_round_begin(&worker->victims, &worker->rng);
	for (int i; (i = sk_victim_next(&round)) >= 0;)
		if (steal_soon(worker, &worker->pool->workers[i], work))
			return true;
	return false;
}

static bool steal_round(sk_worker *worker, sk_work *work)
{
	sk_victim_round round = sk_victim_round_begin(&worker->victims, &worker->rng);
	for (int i; (i = sk_victim_next(&round)) >= 0;) {
		sk_worker *victim = &worker->pool->workers[i];
		if (steal_slot(worker, victim, work) || steal_ready(worker, victim, work))
			return true;
	}
	sk_stats_add(worker, steal_failed, 1);
	return false;
}

/* May a force be made now? At most one per gap in the whole pool: each interrupts every core. */
static bool claim_force(sk_pool *pool, uint64_t now)
{
	uint64_t last = sk_load_relaxed(&pool->last_force_ticks); /* relaxed: a rate limit */
	if (now - last < pool->force_gap_ticks)
		return false;
	return sk_cas_relaxed(&pool->last_force_ticks, &last, now);
}

/* Publishes private tasks of somebody who does not answer. */
static bool force_round(sk_worker *worker, sk_work *work)
{
	sk_pool *pool = worker->pool;
	if (!pool->membarrier)
		return false; /* everything is public anyway */
	sk_victim_round round = sk_victim_round_begin(&worker->victims, &worker->rng);
	for (int i; (i = sk_victim_next(&round)) >= 0;) {
		sk_worker *victim = &pool->workers[i];
		sk_fiber *fiber = sk_load_acquire(&victim->running); /* edge -> worker.running : the header */
		if (!fiber || !may_take(worker, fiber) || !sk_task_stack_private_seen((sk_task_thief){ fiber }))
			continue;
		if (!claim_force(pool, sk_clock_ticks()))
			return false;
		size_t count = sk_task_stack_force((sk_task_thief){ fiber });
		SK_TRACE_EVENT(&worker->trace, FORCE, victim->index, count);
		if (count == 0)
			continue;
		sk_stats_add(worker, forced, 1);
		if (steal_slot(worker, victim, work))
			return true;
	}
	return false;
}

/* --- searching and parking --- */

/* Adds the time since the last call to what the worker did. */
static void account(sk_worker *worker, bool busy)
{
	uint64_t now = sk_clock_ticks(), ticks = now - worker->since_ticks;
	worker->since_ticks = now;
	if (busy)
		sk_stats_add(worker, busy_ns, ticks);
	else
		sk_stats_add(worker, idle_ns, ticks);
}

static void declare(sk_worker *worker)
{
	account(worker, true);
	worker->searching = true;
	sk_idle_declare(&worker->pool->idle);
}

/* Gives the searching up because work was found or the seat is left. */
static void settle(sk_worker *worker)
{
	if (!worker->searching)
		return;
	sk_pool *pool = worker->pool;
	account(worker, false);
	worker->searching = false;
	if (!sk_idle_found(&pool->idle))
		return;
	if (sk_idle_notify(&pool->idle, worker->index))
		sk_stats_add(worker, woken, 1);
	else if (sk_monitor_is_needed(pool))
		sk_monitor_wake(&pool->monitor); /* nobody searches, nobody sleeps, and something waits, wherever */
}

/* P2: every running fiber asks at its next spawn. */
static void arm_all(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_fiber *fiber = sk_load_acquire(&pool->workers[i].running); /* edge -> worker.running : the header */
		if (fiber && i != worker->index)
			sk_task_stack_arm((sk_task_thief){ fiber });
	}
}

/*
 * What a worker has woken and takes itself as a rule is no reason to stay awake: the monitor has an eye on it. A start
 * is one, as sk_start_ready relies on the last look of who still searches.
 */
static bool has_soon_for_others(sk_worker *worker)
{
	sk_entry soon = sk_ready_deque_soon_seen((sk_ready_thief){ &worker->ready });
	if (!soon)
		return false;
	return sk_entry_kind_of(soon) == SK_ENTRY_START ||
	       sk_load_relaxed(&worker->soon_trust) < SK_SOON_TRUSTED; /* relaxed: a guess */
}

/* P4: is there anything that this worker could do? */
static bool anything_to_do(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	if (!sk_inbox_seen_empty(&pool->inbox) || must_leave(worker))
		return true;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *other = &pool->workers[i];
		if (!sk_ready_deque_queue_seen_empty((sk_ready_thief){ &other->ready }) || has_soon_for_others(other))
			return true;
		sk_fiber *fiber = sk_load_acquire(&other->running); /* edge -> worker.running : the header */
		if (!fiber || other == worker)
			continue;
		sk_task_thief thief = { fiber };
		if (sk_task_stack_public_seen(thief) || (pool->membarrier && sk_task_stack_private_seen(thief)))
			return true;
	}
	return false;
}

/* Sleeps until the token is there (P6) or the next timer is due; either way the worker searches on. */
static void await_token(sk_worker *worker)
{
	for (;;) {
		/* edge -> idle.claim : we count as a searcher */
		if (sk_exchange_acquire(&worker->token, 0))
			return;
		uint64_t deadline = sk_timers_next(&worker->timers); /* own: nobody else sets a timer here */
		int result = sk_poller_park(worker->pool, &worker->token, deadline);
		if ((result == -ETIMEDOUT || result == -EINPROGRESS) &&
		    sk_idle_park_cancel(&worker->pool->idle, worker->index))
			return;
	}
}

/* Parks; false when the seat is to be left instead (sched/seat.h: the thread of worker 0 sleeps outside its seat). */
static bool park(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	if (anything_to_do(worker))
		return true; /* spares everybody the barrier */
	sk_idle_park_begin(&pool->idle, worker->index); /* P1 */
	arm_all(worker);                                /* P2 */
	if (pool->membarrier)
		sk_membarrier(); /* P3. edge idle.park -> : a spawn is seen below, or it finds poll NULL.
		                  * edge idle.own -> : an owner's push is seen below, or it finds the bit */
	/* edge -> idle.word : own bit before the look; P3 without membarrier, edge idle.own -> : as above */
	sk_fence_seq_cst();
	sk_hostile_point();
	if (anything_to_do(worker)) { /* P4 */
		if (!sk_idle_park_cancel(&pool->idle, worker->index))
			await_token(worker); /* P5 */
		return true;
	}
	sk_stats_add(worker, parked, 1);
	if (worker->index == 0)
		return false;
	SK_TRACE_EVENT(&worker->trace, PARK, 0, 0);
	await_token(worker);
	SK_TRACE_EVENT(&worker->trace, UNPARK, 0, 0);
	return true;
}

/* May one more search? With more workers than cores a searcher takes the core of one that has work. */
static bool may_search(const sk_pool *pool)
{
	if (SK_HOSTILE)
		return false; /* park at each round */
	return !pool->oversubscribed || sk_idle_searching((sk_idle *)&pool->idle) <= 1;
}

static void breathe(const sk_pool *pool, unsigned round)
{
	if (pool->oversubscribed || round % 64 == 63)
		sk_thread_yield();
	else
		for (int i = 0; i < 8; i++)
			sk_spin_hint();
}

/*
 * Sleeps, or leaves. The thread that waits in the seat for its root never sleeps there: it leaves the seat to the
 * stand-in, which does whatever comes, and sleeps outside.
 */
static bool rest(sk_worker *worker, sk_work *work)
{
	if (!worker->seat_root && park(worker))
		return false;
	if (!worker->seat_root) {
		account(worker, false);
		worker->searching = false; /* its bit is set: asleep, still hungry */
	}
	work->kind = SK_WORK_LEAVE;
	return true;
}

/* Declared: until there is work, or the worker is to leave. */
static void search(sk_worker *worker, sk_work *work)
{
	sk_pool *pool = worker->pool;
	if (SK_UNLIKELY(pool->forked))
		sk_panic("nothing is left to do in the child of a fork() from inside a task: the other threads are "
		         "gone");
	uint64_t begin = sk_clock_ticks();
	for (unsigned round = 0;; round++) {
		if (must_leave(worker)) {
			work->kind = SK_WORK_LEAVE;
			return;
		}
		if (take_local(worker, work) || steal_round(worker, work))
			return;
		if (round % OTHERS_PERIOD == OTHERS_PERIOD - 1) {
			look_at_others_timers(worker);
			if (steal_soon_round(worker, work))
				return;
		}
		uint64_t waited = sk_clock_ticks() - begin;
		if ((waited >= pool->force_after_ticks || SK_HOSTILE) && force_round(worker, work))
			return;
		if (waited >= pool->search_ticks || !may_search(pool)) {
			if (rest(worker, work))
				return;
			begin = sk_clock_ticks();
		}
		breathe(pool, round);
	}
}

/* --- tiny tasks --- */

#define TINY_RUN_FREE 4u   /* tiny tasks in a row without a pause */
#define TINY_RUN_STEP 16u  /* the pause doubles every so many */
#define TINY_STEPS_MAX 6u  /* up to 64 times the first pause */

void sk_work_ran(sk_worker *worker, uint64_t ticks)
{
	if (ticks >= worker->pool->tiny_ticks)
		worker->tiny_run = 0;
	else
		worker->tiny_run++;
}

static void pause_for_tiny(sk_worker *worker)
{
	if (worker->tiny_run < TINY_RUN_FREE)
		return;
	unsigned steps = (unsigned)sk_min((worker->tiny_run - TINY_RUN_FREE) / TINY_RUN_STEP, TINY_STEPS_MAX);
	uint64_t pause = worker->pool->tiny_ticks << (steps + 1);
	account(worker, true);
	uint64_t begin = worker->since_ticks;
	sk_ready_thief own = { &worker->ready };
	while (sk_clock_ticks() - begin < pause && sk_ready_deque_seen_empty(own) && !must_leave(worker))
		breathe(worker->pool, 0);
	account(worker, false);
}

static SK_ASIDE void look_around(sk_worker *worker, sk_work *work)
{
	if (!worker->searching) {
		pause_for_tiny(worker);
		if (take_local(worker, work) || steal_round(worker, work))
			return;
		declare(worker);
	}
	search(worker, work);
	settle(worker);
}

SK_HOT void sk_work_find(sk_worker *worker, sk_work *work)
{
	work->kind = SK_WORK_NONE;
	if (worker->next_root) {
		work->kind = SK_WORK_ROOT;
		work->root = worker->next_root;
		worker->next_root = NULL;
		return;
	}
	if (!worker->searching && must_leave(worker)) {
		work->kind = SK_WORK_LEAVE;
		return;
	}
	look_around(worker, work);
}
