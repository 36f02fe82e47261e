/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins: sched/join.c as it is, above the real task stack and the real idle word. What lies beside it is told here: a
 * fiber that suspends runs its commit and waits for the one who resumes it, who must see that its registers were saved.
 */
#include "base/check.h"
#include "scenarios.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/steal.h"
#include "sched/suspend.h"

#define SLOTS 8u
#define TASKS 4u

typedef struct place {
	sk_worker worker;
	sk_fiber fiber;
	sk_slot slot[SLOTS + 1];
	uint64_t saved; /* the suspended fiber's registers */
	SK_ATOMIC(uint32_t) resumed;
} place;

static struct board {
	sk_pool pool;
	place place[3]; /* of thread 0, the owner; of thieves */
	uint64_t times[TASKS];
	sk_slot *head;
} * b;

/* --- what lies beside it --- */

bool sk_suspend(sk_fiber *fiber, sk_commit commit, void *arg, enum sk_wait why)
{
	(void)why;
	place *here = sk_container_of(fiber, place, fiber);
	here->saved++;
	if (!commit(&here->worker, fiber, arg))
		return true;
	/* The finisher goes on as this fiber: edge -> join.wait : what it did before */
	while (!sk_load_acquire(&here->resumed))
		model_yield();
	sk_store_relaxed(&here->resumed, 0);
	return true;
}

void sk_switch_recycling(sk_worker *worker, sk_fiber *from, sk_fiber *to)
{
	(void)worker;
	(void)from;
	place *there = sk_container_of(to, place, fiber);
	model_check(there->saved > 0, "a fiber is resumed that was not suspended");
	there->saved = 0;
	sk_store_release(&there->resumed, 1);
}

void sk_suspend_yield(sk_fiber *fiber)
{
	(void)fiber;
}

bool sk_work_drain_inbox(sk_worker *worker)
{
	(void)worker;
	return false;
}

void sk_work_ran(sk_worker *worker, uint64_t ticks)
{
	(void)worker;
	(void)ticks;
}

bool sk_root_done(sk_root *root)
{
	(void)root;
	return false;
}

bool sk_fiber_grow_slots(sk_fiber *fiber)
{
	(void)fiber;
	return false;
}

void sk_thread_yield(void)
{
	model_yield();
}

void sk_verbose(const char *format, ...)
{
	(void)format;
}

/* --- the board --- */

static void wake(void *arg, unsigned worker)
{
	(void)arg;
	(void)worker;
	model_fail("nobody sleeps here");
}

static void setup_with(bool membarrier)
{
	b = model_new(sizeof *b);
	b->pool.membarrier = membarrier;
	sk_idle_init(&b->pool.idle, 3, wake, NULL);
	for (unsigned i = 0; i < 3; i++) {
		place *here = &b->place[i];
		here->worker.pool = &b->pool;
		here->worker.index = i;
		here->fiber.worker = &here->worker;
		here->fiber.slots = here->slot + 1;
		here->fiber.slot_capacity = SLOTS - 1;
		here->fiber.poll_end = here->fiber.slots + SLOTS - 2;
		here->fiber.fast.limit = here->fiber.slots;
		sk_store_relaxed(&here->fiber.committed, SLOTS);
	}
	b->head = b->place[0].fiber.slots;
}

static void setup(void)
{
	setup_with(true);
}

static void setup_plain(void)
{
	setup_with(false);
}

static uint64_t *argument_of(sk_slot *slot)
{
	return (uint64_t *)(void *)slot->bytes;
}

static void run_task(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	uint64_t argument = *argument_of(slot);
	model_check(argument >= 1 && argument <= TASKS, "a task's argument is not there");
	b->times[argument - 1]++;
	*argument_of(slot) = 100 + argument;
}

static void spawn(unsigned i)
{
	sk_fiber *fiber = &b->place[0].fiber;
	sk_slot *slot = b->head++;
	*argument_of(slot) = i + 1;
	SK_DOOR_STORE_RUN(slot, run_task);
	if (slot >= SK_DOOR_LOAD_POLL(&fiber->fast))
		sk_join_spawn(fiber, slot);
}

static void sync(unsigned i)
{
	sk_fiber *fiber = &b->place[0].fiber;
	sk_slot *slot = --b->head;
	SK_DOOR_CLEAR_RUN(slot);
	if (slot >= SK_DOOR_LOAD_LIMIT(&fiber->fast) || sk_join_sync(fiber, slot))
		run_task(slot, fiber, b->head);
	model_check(*argument_of(slot) == 101 + i, "the result of task %u is not there", i);
	model_check(b->times[i] == 1, "task %u was executed %u times", i, (unsigned)b->times[i]);
}

static bool steal(unsigned thread)
{
	sk_stolen stolen;
	if (sk_task_stack_steal((sk_task_thief){ &b->place[0].fiber }, &stolen) != SK_STEAL_WON)
		return false;
	sk_join_run_stolen(&b->place[thread].fiber, &stolen);
	return true;
}

static void finish(void)
{
	sk_task_stack_view view = sk_task_stack_look((sk_task_thief){ &b->place[0].fiber });
	model_check(view.top == 0 && view.split == 0, "F3: something is left: top %u, split %u", view.top, view.split);
}

static void own(unsigned count)
{
	sk_task_stack_begin(&b->place[0].fiber);
	for (unsigned i = 0; i < count; i++)
		spawn(i);
	for (unsigned i = count; i-- > 0;)
		sync(i);
}

/* A thief that is hungry, asks, and steals. */
static void hungry(unsigned thread)
{
	if (thread == 0) {
		own(2);
		return;
	}
	sk_idle_declare(&b->pool.idle);
	if (!steal(thread)) {
		sk_task_stack_arm((sk_task_thief){ &b->place[0].fiber });
		steal(thread);
	}
}

/* The thief shows that it is hungry after its first theft: is there still something public? */
static void between(unsigned thread)
{
	if (thread == 0) {
		own(3);
		return;
	}
	steal(thread);
	sk_idle_declare(&b->pool.idle);
	steal(thread);
	sk_idle_found(&b->pool.idle);
}

/* Without membarrier each spawn publishes. */
static void eager(unsigned thread)
{
	if (thread == 0)
		own(2);
	else
		steal(thread);
}

const model_scenario join_scenarios[] = {
	{ "join.hungry", "a thief asks and steals", 2, setup, hungry, finish, .spurious = 0 },
	{ "join.between", "a thief becomes hungry between two thefts", 2, setup, between, finish, .spurious = 0 },
	{ "join.eager", "two thieves, no membarrier", 3, setup_plain, eager, finish, .spurious = 0 },
	{ 0 },
};
