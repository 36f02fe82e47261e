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
#include "twin_place.h"

#define TASKS 4u

static struct board {
	sk_pool pool;
	twin_place place[3]; /* of thread 0, the owner; of thieves */
	uint64_t times[TASKS];
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

static void run_task(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	twin_execute(slot, b->times, TASKS);
}

static void setup_with(bool membarrier)
{
	b = model_new(sizeof *b);
	b->pool.membarrier = membarrier;
	sk_idle_init(&b->pool.idle, 3, wake, NULL);
	for (unsigned i = 0; i < 3; i++)
		twin_place_setup(&b->place[i], &b->pool, i);
	b->place[0].run = run_task;
	b->place[0].times = b->times;
}

static void setup(void)
{
	setup_with(true);
}

static void setup_plain(void)
{
	setup_with(false);
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
		twin_spawn(&b->place[0], i);
	for (unsigned i = count; i-- > 0;)
		twin_sync(&b->place[0], i);
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
