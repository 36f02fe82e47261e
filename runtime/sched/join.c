/* SPDX-License-Identifier: Apache-2.0 */
/* Joins of stolen tasks and the slow paths; protocol: join.h. */
#include "sched/join.h"

#include "base/check.h"
#include "base/hostile.h"
#include "sched/mail.h"
#include "sched/pool.h"
#include "sched/search.h"
#include "sched/suspend.h"
#include "sched/work.h"
#include "sys/clock.h"

#define STATE_DONE ((uintptr_t)1)

/* How often the owner looks before it suspends: a stolen task that is about to end costs less than two switches. */
#ifndef SK_JOIN_SPINS /* the model checker looks once */
#define SK_JOIN_SPINS 24
#endif

typedef SK_ATOMIC(uintptr_t) atomic_state;

static inline atomic_state *state_of(sk_slot *slot)
{
	return (atomic_state *)(void *)&slot->state;
}

void sk_join_run_stolen(sk_fiber *fiber, const sk_stolen *stolen)
{
	sk_slot *slot = stolen->slot;
	uint64_t begin = sk_clock_ticks();
	sk_store_relaxed(&fiber->root, stolen->root); /* relaxed: a preference of thieves */
	fiber->scope = stolen->scope;
	fiber->is_branch = true;
	sk_task_stack_begin(fiber);
	stolen->run(slot, fiber, fiber->slots);
	sk_worker *worker = fiber->worker; /* perhaps another one */
	worker->expects_mail = stolen->is_one_of_many;
	if (!stolen->by_mail)
		sk_search_ran(worker, sk_clock_ticks() - begin);
	sk_hostile_point();
	/* edge join.done -> : the result. edge -> join.wait : the suspended owner */
	uintptr_t old = sk_exchange_acq_rel(state_of(slot), STATE_DONE);
	SK_INVARIANT(old != STATE_DONE, "a stolen task ends once");
	if (old)
		sk_switch_resuming(worker, fiber, (sk_fiber *)old); /* NOLINT: the word is a fiber or DONE */
}

static bool register_waiter(sk_worker *worker, sk_fiber *fiber, void *argument)
{
	(void)worker;
	sk_slot *slot = argument;
	uintptr_t running = 0;
	/* edge join.wait -> : the fiber is switched away. On failure edge -> join.done : the result. */
	return sk_cas_acq_rel(state_of(slot), &running, (uintptr_t)fiber);
}

static bool done(sk_slot *slot)
{
	return sk_load_acquire(state_of(slot)) == STATE_DONE; /* edge -> join.done : the result */
}

/* A letter's sender may have un-stolen tasks: they stay within reach. */
static bool share_and_register(sk_worker *worker, sk_fiber *fiber, void *argument)
{
	sk_suspend_share(worker, fiber);
	return register_waiter(worker, fiber, argument);
}

/* There is no memory for another fiber: the owner keeps its worker, and goes on trying. */
static void wait_without_fiber(sk_fiber *fiber, sk_slot *slot, sk_commit commit)
{
	sk_verbose("no memory for another fiber; worker %u waits for a stolen task without doing other work",
		   fiber->worker->index);
	while (!done(slot) && !sk_suspend(fiber, commit, slot, SK_WAIT_JOIN))
		sk_thread_yield();
}

static bool is_done_soon(sk_slot *slot)
{
	for (int i = 0; i < SK_JOIN_SPINS; i++) {
		if (done(slot))
			return true;
		sk_spin_hint();
	}
	return false;
}

static void await_end(sk_fiber *fiber, sk_slot *slot, sk_commit commit)
{
	if (SK_UNLIKELY(fiber->worker->pool->forked))
		sk_panic("the sync of a task that another thread had stolen before fork(): it never ends in the child");
	if (!sk_suspend(fiber, commit, slot, SK_WAIT_JOIN))
		wait_without_fiber(fiber, slot, commit);
	SK_INVARIANT(done(slot), "a fiber that waited for a stolen task goes on when it is done");
}

static void await_thief(sk_fiber *fiber, sk_slot *slot)
{
	if (!is_done_soon(slot))
		await_end(fiber, slot, register_waiter);
}

/* The public part became empty or may have: if anybody is hungry, the next spawn has to publish. */
static void rearm_if_hungry(sk_fiber *fiber)
{
	sk_fence_seq_cst(); /* edge -> idle.word : the change of split was before, the hunger is read after */
	if (sk_idle_hungry_sure(&fiber->worker->pool->idle) > 0 && !sk_task_stack_has_public(fiber))
		sk_task_stack_arm_own(fiber);
}

bool sk_join_sync(sk_fiber *fiber, sk_slot *slot)
{
	if (SK_UNLIKELY(slot < fiber->slots))
		sk_panic("a SKUA_SYNC with nothing spawned");
	sk_worker *worker = fiber->worker;
	bool lazy = worker->pool->membarrier;
	size_t want = lazy ? sk_idle_hungry(&worker->pool->idle) : 0;
	switch (sk_task_stack_take_back(fiber, slot, lazy ? SK_KEEP_HALF : SK_KEEP_REST, want)) {
	case SK_TAKE_MINE:
		sk_stats_add(worker, reclaimed, 1);
		if (lazy)
			rearm_if_hungry(fiber);
		return true;
	case SK_TAKE_MINE_SHARED:
		sk_stats_add(worker, published, 1);
		if (sk_idle_notify(&worker->pool->idle, worker->index))
			sk_stats_add(worker, woken, 1);
		return true;
	case SK_TAKE_STOLEN:
		break;
	}
	SK_TRACE_EVENT(&fiber->worker->trace, JOIN_STOLEN, fiber->index, slot - fiber->slots);
	await_thief(fiber, slot);
	sk_store_relaxed(state_of(slot), 0); /* relaxed: nobody else looks at it until it is stolen anew */
	sk_task_stack_joined(fiber, slot);
	if (fiber->worker->pool->membarrier)
		rearm_if_hungry(fiber);
	return false;
}

void sk_join_letter(sk_fiber *fiber, sk_letter *letter, bool patient)
{
	SK_TRACE_EVENT(&fiber->worker->trace, JOIN_STOLEN, fiber->index, UINT32_MAX);
	uint64_t spin = patient ? fiber->worker->pool->letter_spin_ticks : 0;
	for (uint64_t begin = sk_clock_ticks(); !is_done_soon(&letter->slot);)
		if (sk_clock_ticks() - begin >= spin) {
			await_end(fiber, &letter->slot, share_and_register);
			return;
		}
}

/* --- spawn --- */

static void overflow(const sk_fiber *fiber)
{
	sk_panic("task slots of fiber %u are full: %zu tasks are spawned and not yet synced; set SKUA_TASK_SLOTS or "
		 "skua_config.task_slots higher",
		 fiber->index, fiber->slot_capacity);
}

/* The slot is the last but one that can be read, and the search for the head needs an empty one above it. */
static void make_room(sk_fiber *fiber)
{
	if (sk_fiber_grow_slots(fiber))
		return;
	size_t readable = sk_load_relaxed(&fiber->committed); /* own */
	if (readable < fiber->slot_capacity + 2)
		sk_panic("no memory for more than %zu task slots of fiber %u", readable - 2, fiber->index);
	overflow(fiber);
}

/* Without membarrier nobody can reach a private task: so there are none. */
static void spawn_eagerly(sk_fiber *fiber, sk_slot *slot)
{
	sk_task_stack_publish(fiber, slot + 1, SIZE_MAX);
	if (sk_idle_notify(&fiber->worker->pool->idle, fiber->worker->index))
		sk_stats_add(fiber->worker, woken, 1);
}

/* The end is stored, and behind a full fence only ever NULL, if there is hunger that was not answered. */
static void settle(sk_fiber *fiber)
{
	sk_task_stack_disarm_own(fiber);
	sk_fence_seq_cst(); /* edge -> idle.word : poll was stored before, the hunger is read after */
	if (sk_idle_hungry_sure(&fiber->worker->pool->idle) > 0 && !sk_task_stack_has_public(fiber))
		sk_task_stack_arm_own(fiber);
}

void sk_join_settle(sk_fiber *fiber)
{
	sk_worker *worker = fiber->worker;
	if (!worker->pool->membarrier)
		return;
	settle(fiber);
	/* The tick and the seat have asked by poll too: they are answered in the next spawn, as before. */
	/* relaxed: a request without data */
	if (worker->seat_root ? sk_work_must_leave(worker) : sk_load_relaxed(&worker->tick))
		sk_task_stack_arm_own(fiber);
}

/*
 * Somebody may be hungry: the older half of the private tasks becomes public, at least as many as there are hungry
 * workers. Then poll is settled: the end is stored, and behind a full fence only ever NULL, if there is hunger that
 * was not answered (storing the end after the look would overwrite the request of one who parks meanwhile).
 */
static void answer(sk_fiber *fiber, sk_slot *slot, bool asked)
{
	sk_worker *worker = fiber->worker;
	sk_idle *idle = &worker->pool->idle;
	uint32_t hungry = sk_idle_hungry(idle);
	size_t published = 0;
	if ((asked || hungry > 0) && !sk_task_stack_has_public(fiber))
		published = sk_task_stack_publish(fiber, slot + 1, hungry);
	settle(fiber);
	if (published == 0)
		return;
	sk_stats_add(worker, published, 1);
	if (sk_idle_notify(idle, worker->index))
		sk_stats_add(worker, woken, 1);
}

/* Is there something that the fiber has to give way to? */
static bool must_give_way(sk_worker *worker)
{
	if (worker->seat_root) /* what waits is for the stand-in, and it goes on with this fiber too */
		return sk_work_must_leave(worker);
	if (!sk_load_relaxed(&worker->tick)) /* relaxed: a request without data */
		return false;
	sk_store_relaxed(&worker->tick, 0);
	sk_work_drain_inbox(worker);
	return sk_ready_deque_seen_other((sk_ready_thief){ &worker->ready }, SK_ENTRY_SLOTS);
}

void sk_join_give_way(sk_fiber *fiber)
{
	if (must_give_way(fiber->worker))
		sk_suspend_yield(fiber);
}

void sk_join_spawn(sk_fiber *fiber, sk_slot *slot)
{
	sk_worker *worker = fiber->worker;
	bool asked = !fiber->fresh;
	fiber->fresh = false;
	sk_stats_add(worker, spawned_slow, 1);
	if (SK_UNLIKELY(slot >= fiber->poll_end)) {
		make_room(fiber);
		asked = false;
	}
	if (worker->pool->membarrier)
		answer(fiber, slot, asked);
	else
		spawn_eagerly(fiber, slot);
	sk_join_give_way(fiber);
}
