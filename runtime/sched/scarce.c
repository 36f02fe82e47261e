/* SPDX-License-Identifier: Apache-2.0 */
/* Without memory for another fiber; see scarce.h. */
#include "sched/scarce.h"

#include "base/check.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/start.h"
#include "sched/steal.h"
#include "sys/clock.h"

/* An entry back into the queue, or where that has no memory to grow, into the inbox. */
static void put_back_entry(sk_worker *worker, sk_entry entry, sk_inbox_node *node)
{
	if (sk_ready_deque_push(&worker->ready, entry)) {
		sk_pool_tell(worker); /* it was in nobody's sight; others may have what it needs */
		return;
	}
	node->entry = entry;
	sk_inbox_push(&worker->pool->inbox, node);
	sk_monitor_notify(worker->pool);
}

static void put_back(sk_worker *worker, const sk_work *work)
{
	if (work->kind == SK_WORK_START)
		put_back_entry(worker, sk_entry_make(SK_ENTRY_START, work->start), &work->start->node);
	else if (work->kind == SK_WORK_ROOT)
		put_back_entry(worker, sk_entry_make(SK_ENTRY_ROOT, work->root), &work->root->node);
	else
		SK_INVARIANT(work->kind == SK_WORK_NONE, "Y2: what cannot go back is taken only with a fiber for it");
}

/* 2 */
static void look_outside(sk_worker *worker)
{
	sk_timers_expire(worker->pool, &worker->timers, sk_clock_ns());
	sk_work_drain_inbox(worker);
	sk_poller_look(worker->pool);
}

static void nap(sk_worker *worker)
{
	static sk_park_word nobody;
	uint64_t until = sk_clock_ns() + SK_SCARCE_NAP_NS, timer = sk_timers_next(&worker->timers);
	sk_park_wait(&nobody, 0, timer < until ? timer : until);
}

static void say_once(sk_worker *worker)
{
	if (worker->is_scarce)
		return;
	worker->is_scarce = true;
	sk_verbose("no memory for another fiber; worker %u goes on with those that it has", worker->index);
}

void sk_scarce_put_back(sk_worker *worker, const sk_work *work)
{
	say_once(worker);
	put_back(worker, work);
	if (worker->seat_root) {
		worker->hand_over = true; /* Y3 */
		return;
	}
	look_outside(worker);
	nap(worker);
}

/* 1 */
static sk_fiber *idle_fiber(sk_worker *worker)
{
	if (worker->handed.kind != SK_WORK_NONE) {
		sk_work work = worker->handed;
		sk_fiber *fiber = sk_worker_fiber_for(worker, &work);
		if (fiber)
			return fiber;
		worker->handed.kind = SK_WORK_NONE;
		put_back(worker, &work);
	}
	sk_fiber *fiber = sk_worker_fiber_take(worker);
	return fiber ? fiber : sk_worker_small_take(worker);
}

/* 3. Entries for which there is no fiber go behind the others; one turn, since there may be nothing else. */
static sk_fiber *ready_fiber(sk_worker *worker)
{
	sk_ready_thief own = { &worker->ready };
	sk_entry entry = sk_ready_deque_take_soon(own), first = 0;
	bool lost = false;
	while (entry || (entry = sk_ready_deque_take(own, &lost)) || lost) {
		if (entry && sk_entry_kind_of(entry) == SK_ENTRY_FIBER)
			return sk_entry_pointer(entry);
		if (entry && !sk_ready_deque_push(&worker->ready, entry))
			sk_panic("a place in the ready deque that was just left is gone");
		if (entry && entry == first)
			break;
		first = first ? first : entry;
		entry = 0;
	}
	return NULL;
}

sk_fiber *sk_scarce_next(sk_worker *worker)
{
	say_once(worker);
	sk_work_settle(worker);
	/* edge -> pool.stop : the stopper's last words. Y3: the thread in the seat leaves */
	while (!worker->seat_root && !sk_load_acquire(&worker->pool->stop)) {
		sk_fiber *fiber = idle_fiber(worker);
		if (fiber)
			return fiber;
		look_outside(worker);
		fiber = ready_fiber(worker);
		if (fiber) {
			sk_stats_add(worker, ready_taken, 1);
			sk_stats_add(worker, resumed, 1);
			return fiber;
		}
		nap(worker);
	}
	return NULL;
}
