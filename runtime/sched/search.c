/* SPDX-License-Identifier: Apache-2.0 */
/* The search; see search.h. */
#include "sched/search.h"

#include "base/check.h"
#include "base/hot.h"
#include "base/hostile.h"
#include "sched/mail.h"
#include "sched/pool.h"
#include "sched/steal.h"
#include "sched/work.h"
#include "sys/clock.h"
#include "sys/membarrier.h"

#include <errno.h>

/* A searching worker looks at the timers of others, and at what they have just woken, every so many rounds. */
#define OTHERS_PERIOD 16u
/* A worker that gets one letter after the other looks at what is its own every so many times. */
#define LOCAL_PERIOD 61u

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
 * What a worker has woken and takes itself as a rule is no reason to stay awake: the monitor has an eye on it. Of a
 * start it has to be told, as sk_start_ready relies on the last look of who still searches; to stay awake for one
 * would be to steal it now and then from a worker that awaits each task that it starts.
 */
static bool has_soon_for_others(sk_worker *worker)
{
	sk_entry soon = sk_ready_deque_soon_seen((sk_ready_thief){ &worker->ready });
	if (!soon)
		return false;
	if (sk_load_relaxed(&worker->soon_trust) < SK_SOON_TRUSTED) /* relaxed: a guess */
		return true;
	if (sk_entry_kind_of(soon) == SK_ENTRY_START)
		sk_monitor_wake(&worker->pool->monitor);
	return false;
}

/* P4: is there anything that this worker could do? */
static bool anything_to_do(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	if (!sk_inbox_seen_empty(&pool->inbox) || sk_work_must_leave(worker))
		return true;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *other = &pool->workers[i];
		if (!sk_ready_deque_queue_seen_empty((sk_ready_thief){ &other->ready }) || has_soon_for_others(other) ||
		    sk_mail_seen(other))
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

/*
 * Parks; false when the seat is to be left instead (sched/seat.h: the thread of worker 0 sleeps outside its seat). One
 * that is wanted is left without a last look if others search. Who relied on this searcher can rely on each of them: it
 * parks, and looks; or finds work, and notifies if it is the last one; or is a notifier that finds nobody to wake, and
 * looks for bits again (N5), this one's among them. Else a row of roots, each of which is something to do, would keep
 * the stand-in there.
 */
static bool park(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	/* What others' timers have made ready here, or what was stolen with an entry that turned out to be stale. */
	if (!sk_ready_deque_seen_empty((sk_ready_thief){ &worker->ready }))
		return true;
	bool is_wanted = sk_seat_is_wanted(worker);
	if (!sk_mail_shut(worker) || (!is_wanted && anything_to_do(worker)))
		return true; /* spares everybody the barrier */
	uint32_t others = sk_idle_park_begin(&pool->idle, worker->index); /* P1 */
	if (is_wanted && others > 0) {
		sk_stats_add(worker, parked, 1);
		return false;
	}
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

/* A letter is for this worker alone, and ends the pause. */
static void breathe(const sk_worker *worker, unsigned round)
{
	if (worker->pool->oversubscribed || round % 64 == 63)
		sk_thread_yield();
	else
		for (int i = 0; i < 8 && !sk_mail_waits(worker); i++)
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
	bool is_kept = false; /* by what may have to be forced, and never would be if each round ended in a rest */
	bool gave_way = false;
	for (unsigned round = 0;; round++) {
		if (sk_work_must_leave(worker)) {
			work->kind = SK_WORK_LEAVE;
			return;
		}
		sk_mail_open(worker);
		if (sk_mail_take(worker, work) || sk_work_take_local(worker, work) || sk_steal_round(worker, work))
			return;
		if (round % OTHERS_PERIOD == OTHERS_PERIOD - 1) {
			sk_work_expire_others(worker);
			if (sk_steal_soon(worker, work))
				return;
		}
		uint64_t waited = sk_clock_ticks() - begin;
		if ((waited >= pool->force_after_ticks || SK_HOSTILE) && sk_steal_force(worker, work))
			return;
		if (waited >= pool->search_ticks || !may_search(pool) || (!is_kept && sk_seat_is_wanted(worker))) {
			if (rest(worker, work))
				return;
			begin = sk_clock_ticks();
			is_kept = true;
		}
		/* Whoever brings the events about may want this core, and would get it when the slice is over. Once: a
		 * searcher is relied on, and should not be away from its core for long. */
		if (!gave_way && worker->looked_in_vain && sk_poller_expects(pool)) {
			gave_way = true;
			sk_thread_yield();
		} else {
			breathe(worker, round);
		}
	}
}

/* --- tiny tasks --- */

#define TINY_RUN_FREE 4u   /* tiny tasks in a row without a pause */
#define TINY_RUN_STEP 16u  /* the pause doubles every so many */
#define TINY_STEPS_MAX 6u  /* up to 64 times the first pause */

void sk_search_ran(sk_worker *worker, uint64_t ticks)
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
	while (sk_clock_ticks() - begin < pause && sk_ready_deque_seen_empty(own) && !sk_mail_waits(worker) &&
	       !sk_work_must_leave(worker))
		breathe(worker, 0);
	account(worker, false);
}

/*
 * A loop that comes again and again has its parts sent to the same workers within microseconds. Who waits for that does
 * not declare itself, so that not all of them write the word of idle.h twice for each loop.
 */
static bool await_mail(sk_worker *worker, sk_work *work)
{
	if (!worker->expects_mail)
		return sk_mail_take(worker, work);
	uint64_t wait = worker->pool->letter_spin_ticks;
	worker->expects_mail = false;
	sk_ready_thief own = { &worker->ready };
	for (uint64_t begin = sk_clock_ticks();; sk_spin_hint()) {
		if (sk_mail_take(worker, work))
			return true;
		/* relaxed: a request without data */
		if (sk_clock_ticks() - begin >= wait || !sk_ready_deque_seen_empty(own) ||
		    sk_load_relaxed(&worker->tick) || !sk_inbox_seen_empty(&worker->pool->inbox) ||
		    sk_work_must_leave(worker))
			return false;
	}
}

/* Without telling anybody but those who have mail for it. */
static bool glance(sk_worker *worker, sk_work *work)
{
	bool is_overdue = ++worker->since_local >= LOCAL_PERIOD;
	if (is_overdue) {
		worker->since_local = 0;
		if (sk_work_take_local(worker, work))
			return true;
	}
	if (await_mail(worker, work))
		return true;
	pause_for_tiny(worker);
	return sk_mail_take(worker, work) || sk_work_take_local(worker, work) || sk_steal_round(worker, work);
}

static SK_ASIDE void look_around(sk_worker *worker, sk_work *work)
{
	sk_mail_open(worker);
	if (worker->searching || !glance(worker, work)) {
		if (!worker->searching)
			declare(worker);
		search(worker, work);
		settle(worker);
	}
	if (!sk_mail_shut(worker) && sk_idle_notify(&worker->pool->idle, worker->index))
		sk_stats_add(worker, woken, 1); /* a letter is left (sched/mail.h, B3) */
}

SK_HOT void sk_search_work(sk_worker *worker, sk_work *work)
{
	work->kind = SK_WORK_NONE;
	if (worker->next_root) {
		work->kind = SK_WORK_ROOT;
		work->root = worker->next_root;
		worker->next_root = NULL;
		return;
	}
	if (!worker->searching && sk_work_must_leave(worker)) {
		work->kind = SK_WORK_LEAVE;
		return;
	}
	look_around(worker, work);
}
