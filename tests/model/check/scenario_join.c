/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins: sched/join.c as it is, above the real task stack and the real idle word. Fibers that
 * suspend are those of twin_fiber.h.
 */
#include "scenarios.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sched/search.h"
#include "sched/work.h"
#include "twin_fiber.h"

#define SLOTS 8u
#define TASKS 4u

typedef struct place {
	twin_fiber twin;
	sk_slot slot[SLOTS + 1];
} place;

static struct board {
	sk_pool pool;
	place place[3]; /* of thread 0, the owner; of thieves */
	uint64_t times[TASKS];
	sk_slot *head;
} * b;

/* --- what lies beside it --- */

bool sk_work_drain_inbox(sk_worker *worker)
{
	(void)worker;
	return false;
}

void sk_search_ran(sk_worker *worker, uint64_t ticks)
{
	(void)worker;
	(void)ticks;
}

bool sk_work_must_leave(sk_worker *worker)
{
	(void)worker;
	return false;
}

bool sk_fiber_grow_slots(sk_fiber *fiber)
{
	(void)fiber;
	return false;
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
		here->twin.worker.pool = &b->pool;
		here->twin.worker.index = i;
		here->twin.fiber.worker = &here->twin.worker;
		here->twin.fiber.slots = here->slot + 1;
		here->twin.fiber.slot_capacity = SLOTS - 1;
		here->twin.fiber.poll_end = here->twin.fiber.slots + SLOTS - 2;
		here->twin.fiber.fast.limit = here->twin.fiber.slots;
		sk_store_relaxed(&here->twin.fiber.committed, SLOTS);
	}
	b->head = b->place[0].twin.fiber.slots;
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
	sk_fiber *fiber = &b->place[0].twin.fiber;
	sk_slot *slot = b->head++;
	*argument_of(slot) = i + 1;
	SK_DOOR_STORE_RUN(slot, run_task);
	if (slot >= SK_DOOR_LOAD_POLL(&fiber->fast))
		sk_join_spawn(fiber, slot);
}

static void sync(unsigned i)
{
	sk_fiber *fiber = &b->place[0].twin.fiber;
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
	if (sk_task_stack_steal((sk_task_thief){ &b->place[0].twin.fiber }, &stolen) != SK_STEAL_WON)
		return false;
	sk_join_run_stolen(&b->place[thread].twin.fiber, &stolen);
	return true;
}

static void finish(void)
{
	sk_task_stack_view view = sk_task_stack_look((sk_task_thief){ &b->place[0].twin.fiber });
	model_check(view.top == 0 && view.split == 0, "F3: something is left: top %u, split %u", view.top, view.split);
}

static void own(unsigned count)
{
	sk_task_stack_begin(&b->place[0].twin.fiber);
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
		sk_task_stack_arm((sk_task_thief){ &b->place[0].twin.fiber });
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

/* Three tasks and two thieves that are hungry: they steal, ask, force, steal. */
static void three(unsigned thread)
{
	if (thread == 0) {
		own(3);
		return;
	}
	sk_task_thief thief = { &b->place[0].twin.fiber };
	sk_idle_declare(&b->pool.idle);
	if (!steal(thread)) {
		sk_task_stack_arm(thief);
		sk_task_stack_force(thief);
		steal(thread);
	}
	sk_idle_found(&b->pool.idle);
}

const model_scenario join_scenarios[] = {
	{ "join.hungry", "a thief asks and steals", 2, setup, hungry, finish, .spurious = 0 },
	{ "join.between", "a thief becomes hungry between two thefts", 2, setup, between, finish, .spurious = 0 },
	{ "join.eager", "two thieves, no membarrier", 3, setup_plain, eager, finish, .spurious = 0 },
	{ "join.three", "three tasks, two hungry thieves ask, force, steal", 3, setup, three, finish, .spurious = 0,
	  .preemptions = 2, .stale = 1, .is_large = true },
	{ 0 },
};
