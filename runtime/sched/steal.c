/* SPDX-License-Identifier: Apache-2.0 */
/* Stealing; see steal.h. */
#include "sched/steal.h"

#include "base/check.h"
#include "sched/mail.h"
#include "sched/pool.h"
#include "sched/work.h"
#include "sys/clock.h"

/* Entries of a ready deque that are stolen in one go. */
#define STEAL_READY_MAX 32u

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

/* The first is done here at once, the others wait here. */
static bool steal_ready(sk_worker *worker, sk_worker *victim, sk_work *work)
{
	sk_ready_thief thief = { &victim->ready };
	if (worker->seat_root || sk_ready_deque_queue_seen_empty(thief))
		return false;
	uint64_t room = sk_ready_deque_room(&worker->ready); /* a push that grows could fail */
	sk_entry some[STEAL_READY_MAX];
	bool lost;
	unsigned max = room < STEAL_READY_MAX ? (unsigned)room + 1 : STEAL_READY_MAX;
	unsigned count = sk_ready_deque_take_some(thief, some, max, &lost);
	for (unsigned i = 1; i < count; i++) {
		bool is_pushed = sk_ready_deque_push(&worker->ready, some[i]);
		SK_INVARIANT(is_pushed, "what there is room for can be pushed");
	}
	if (count > 1)
		sk_pool_tell(worker); /* they were in nobody's sight for a moment */
	return count > 0 && sk_work_open(worker, some[0], work);
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
	if (sk_ready_deque_soon_is_kept(thief) && !sk_pool_may_disturb(worker->pool))
		return false;
	sk_entry entry = sk_ready_deque_steal_soon(thief);
	if (!entry)
		return false;
	sk_store_relaxed(&victim->soon_trust, 0); /* relaxed: a guess */
	return sk_work_open(worker, entry, work);
}

/* A letter whose addressee has found other work meanwhile. */
static bool steal_letter(sk_worker *worker, sk_worker *victim, sk_work *work)
{
	if (!sk_mail_seen(victim))
		return false;
	for (uint64_t begin = sk_clock_ticks(); sk_clock_ticks() - begin < worker->pool->tiny_ticks * 2;) {
		if (!sk_mail_seen(victim) || sk_mail_waits(worker))
			return false;
		sk_spin_hint();
	}
	if (!sk_mail_take_from(victim, work))
		return false;
	sk_stats_add(worker, stolen, 1);
	return true;
}

bool sk_steal_soon(sk_worker *worker, sk_work *work)
{
	if (worker->seat_root)
		return false;
	sk_victim_round round = sk_victim_round_begin(&worker->victims, &worker->rng);
	for (int i; (i = sk_victim_next(&round)) >= 0;)
		if (steal_soon(worker, &worker->pool->workers[i], work) ||
		    steal_letter(worker, &worker->pool->workers[i], work))
			return true;
	return false;
}

bool sk_steal_round(sk_worker *worker, sk_work *work)
{
	sk_victim_round round = sk_victim_round_begin(&worker->victims, &worker->rng);
	for (int i; (i = sk_victim_next(&round)) >= 0;) {
		sk_worker *victim = &worker->pool->workers[i];
		if (steal_slot(worker, victim, work) || steal_ready(worker, victim, work) || sk_mail_take(worker, work))
			return true;
	}
	sk_stats_add(worker, steal_failed, 1);
	return false;
}

/* Publishes private tasks of somebody who does not answer. */
bool sk_steal_force(sk_worker *worker, sk_work *work)
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
		if (!sk_pool_may_disturb(pool))
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
