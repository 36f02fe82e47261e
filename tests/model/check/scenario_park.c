/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No task out of reach: an owner spawns and then makes a long call, from which it returns only when others have done
 * what they could take; thieves steal, ask, force and park as sched/steal.c and sched/search.c do. The owner's slow
 * paths (sched/join.c above the real task stack), sched/idle.c and sys/park are as they are. A task that is left while
 * all sleep, or an owner that waits for one who was never woken, is a deadlock.
 *
 * What they do is told in a few lines: look around once; declare; search, force, P1 to P5, sleep; found:
 * notify if it was the last one.
 */
#include "scenarios.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sys/membarrier.h"
#include "twin_place.h"

#define TASKS 3u
#define WORKERS 3u /* the owner and two thieves */

static struct board {
	sk_pool pool;
	twin_place place[WORKERS];
	sk_park_word token[WORKERS];
	uint64_t times[TASKS];
	SK_ATOMIC(uint32_t) is_done[TASKS];
	unsigned tasks;
	bool is_over;
} * b;

static void wake(void *arg, unsigned worker)
{
	(void)arg;
	sk_store_release(&b->token[worker], 1); /* edge idle.claim -> : that it counts as a searcher */
	sk_park_wake(&b->token[worker], 1);
}

static void run_task(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	unsigned number = twin_execute(slot, b->times, TASKS);
	sk_store_release(&b->is_done[number], 1);
}

static void setup_with(unsigned tasks, bool membarrier)
{
	b = model_new(sizeof *b);
	b->tasks = tasks;
	b->pool.membarrier = membarrier;
	sk_idle_init(&b->pool.idle, WORKERS, wake, NULL);
	b->pool.idle.has_barrier = membarrier;
	for (unsigned i = 0; i < WORKERS; i++)
		twin_place_setup(&b->place[i], &b->pool, i);
	b->place[0].run = run_task;
	b->place[0].times = b->times;
}

static void setup_one_task(void)
{
	setup_with(1, true);
}

static void setup_two(void)
{
	setup_with(2, true);
}

static void setup_three(void)
{
	setup_with(3, true);
}

static void setup_plain(void)
{
	setup_with(2, false);
}

/* --- the owner --- */

/* A call that lasts until others have done so many of the oldest tasks. */
static void call_until(unsigned done)
{
	for (unsigned i = 0; i < done; i++)
		while (!sk_load_acquire(&b->is_done[i]))
			model_yield();
}

static void own(unsigned done)
{
	sk_task_stack_begin(&b->place[0].twin.fiber);
	for (unsigned i = 0; i < b->tasks; i++)
		twin_spawn(&b->place[0], i);
	call_until(done);
	for (unsigned i = b->tasks; i-- > 0;)
		twin_sync(&b->place[0], i);
	b->is_over = true;
}

/* The first task is over before the second one is spawned: who parks in between finds nothing. */
static void own_twice(void)
{
	sk_task_stack_begin(&b->place[0].twin.fiber);
	twin_spawn(&b->place[0], 0);
	twin_sync(&b->place[0], 0);
	twin_spawn(&b->place[0], 1);
	while (!sk_load_acquire(&b->is_done[1]))
		model_yield();
	twin_sync(&b->place[0], 1);
	b->is_over = true;
}

/* --- thieves --- */

static bool steal(sk_stolen *stolen)
{
	sk_task_thief thief = { &b->place[0].twin.fiber };
	enum sk_steal_result result = sk_task_stack_steal(thief, stolen);
	if (result == SK_STEAL_NOTHING)
		sk_task_stack_arm(thief);
	return result == SK_STEAL_WON;
}

/* The public part was emptied: if others are hungry, the owner is asked for more. */
static void rearm(uint32_t self)
{
	sk_fence_seq_cst(); /* edge -> idle.word : the steal was before, the hunger is read after */
	if (sk_idle_hungry_sure(&b->pool.idle) > self)
		sk_task_stack_arm((sk_task_thief){ &b->place[0].twin.fiber });
}

static bool steal_and_rearm(sk_stolen *stolen, uint32_t self)
{
	if (!steal(stolen))
		return false;
	if (stolen->emptied)
		rearm(self);
	return true;
}

static bool anything_to_do(void)
{
	sk_task_thief thief = { &b->place[0].twin.fiber };
	return sk_task_stack_public_seen(thief) || (b->pool.membarrier && sk_task_stack_private_seen(thief));
}

static bool force(sk_stolen *stolen)
{
	sk_task_thief thief = { &b->place[0].twin.fiber };
	return b->pool.membarrier && sk_task_stack_private_seen(thief) && sk_task_stack_force(thief) > 0 &&
	       steal_and_rearm(stolen, 1);
}

/* Would another attempt find something, as far as can be seen? Else it breathes until something has changed. */
static bool is_worth_trying(void)
{
	sk_fiber *fiber = &b->place[0].twin.fiber;
	sk_task_stack_view view = sk_task_stack_look((sk_task_thief){ fiber });
	sk_slot *slot = fiber->slots + view.top; /* top is split when nothing is public */
	return SK_DOOR_LOAD_RUN(slot) != NULL && !(view.top == view.split && view.force);
}

/* Returns true if there was something to do instead. */
static bool park(unsigned self)
{
	sk_idle_park_begin(&b->pool.idle, self);                       /* P1 */
	sk_task_stack_arm((sk_task_thief){ &b->place[0].twin.fiber }); /* P2 */
	if (b->pool.membarrier)
		sk_membarrier(); /* P3 */
	sk_fence_seq_cst();
	if (anything_to_do() && sk_idle_park_cancel(&b->pool.idle, self)) /* P4, P5 */
		return true;
	while (!sk_exchange_acquire(&b->token[self], 0)) /* edge -> idle.claim : that it counts as a searcher */
		sk_park_wait(&b->token[self], 0, SK_PARK_FOREVER);
	return false;
}

static void search(unsigned self, sk_stolen *stolen)
{
	bool is_seen = false;
	while (!steal_and_rearm(stolen, 1) && !force(stolen)) {
		if (is_seen && !is_worth_trying())
			model_yield();
		is_seen = !is_seen && park(self);
	}
}

/* For ever; it sleeps at the end. */
static void thief(unsigned self)
{
	for (;;) {
		sk_stolen stolen;
		if (!steal_and_rearm(&stolen, 0)) {
			sk_idle_declare(&b->pool.idle);
			search(self, &stolen);
			if (sk_idle_found(&b->pool.idle))
				sk_idle_notify(&b->pool.idle, self);
		}
		sk_join_run_stolen(&b->place[self].twin.fiber, &stolen);
	}
}

static bool is_over(void)
{
	return b->is_over;
}

static void finish(void)
{
	sk_task_stack_view view = sk_task_stack_look((sk_task_thief){ &b->place[0].twin.fiber });
	model_check(view.top == 0 && view.split == 0, "F3: something is left: top %u, split %u", view.top, view.split);
	for (unsigned i = 0; i < b->tasks; i++)
		model_check(b->times[i] == 1, "task %u was executed %u times", i, (unsigned)b->times[i]);
}

/* --- scenarios --- */

/* All tasks but the last need not be done by others; one must be. */
static void one_needed(unsigned thread)
{
	if (thread == 0)
		own(1);
	else
		thief(thread);
}

static void all_needed(unsigned thread)
{
	if (thread == 0)
		own(b->tasks);
	else
		thief(thread);
}

static void again(unsigned thread)
{
	if (thread == 0)
		own_twice();
	else
		thief(thread);
}

const model_scenario park_scenarios[] = {
	{ "park.one", "one task, a thief that parks", 2, setup_one_task, one_needed, finish, .spurious = 0,
	  .preemptions = 2, .stale = 2, .is_large = true, .rests = is_over },
	{ "park.two", "two tasks, both needed, a thief that parks", 2, setup_two, all_needed, finish, .spurious = 0,
	  .preemptions = 2, .stale = 1, .is_large = true, .rests = is_over },
	{ "park.again", "a task, then one that is needed, a thief that parks", 2, setup_two, again, finish,
	  .spurious = 0, .preemptions = 2, .stale = 2, .rests = is_over },
	{ "park.plain", "two tasks, both needed, two thieves park, no membarrier", 3, setup_plain, all_needed, finish,
	  .spurious = 0, .preemptions = 1, .stale = 2, .is_large = true, .rests = is_over },
	{ "park.three", "three tasks, one needed, two thieves park", 3, setup_three, one_needed, finish, .spurious = 0,
	  .preemptions = 1, .stale = 2, .is_large = true, .rests = is_over },
	{ "park.needed", "three tasks, all needed, two thieves park", 3, setup_three, all_needed, finish, .spurious = 0,
	  .preemptions = 1, .stale = 2, .is_large = true, .rests = is_over },
	{ "park.long", "three tasks, one needed, two thieves park", 3, setup_three, one_needed, finish, .spurious = 0,
	  .preemptions = 2, .stale = 1, .is_long = true, .rests = is_over },
	{ "park.long_needed", "three tasks, all needed, two thieves park", 3, setup_three, all_needed, finish,
	  .spurious = 0, .preemptions = 2, .stale = 1, .is_long = true, .rests = is_over },
	{ 0 },
};
