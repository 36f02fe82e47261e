/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task stack: sched/task_stack.h as it is, under the fast path of skua/task.h with its two compares; the slow paths
 * above them (sched/join.c) are told in a few lines here. An owner spawns and syncs, thieves steal and force. Each task
 * is executed exactly once, by who sees its arguments, and the owner sees its result.
 */
#include "scenarios.h"
#include "sched/task_stack.h"

#define SLOTS 8u
#define TASKS 6u
#define DONE ((uintptr_t)1)

typedef SK_ATOMIC(uintptr_t) state_word;

static struct board {
	sk_fiber fiber;
	sk_slot slot[SLOTS + 1]; /* the first is the sentinel (F1) */
	/* granules of their own, written by who executes the task */
	uint64_t times[TASKS];
	sk_slot *head; /* of the owner */
} * b;

static state_word *state_of(sk_slot *slot)
{
	return (state_word *)(void *)&slot->state;
}

static uint64_t *argument_of(sk_slot *slot)
{
	return (uint64_t *)(void *)slot->bytes;
}

/* What a task is to do, as its executor. Neighbours in time are of different functions. */
static void run_kind(sk_slot *slot, uint64_t kind)
{
	uint64_t argument = *argument_of(slot);
	model_check(argument >= 1 && argument <= TASKS, "a task's argument is not there");
	model_check((argument - 1) % 2 == kind, "a task's arguments went to another's function");
	b->times[argument - 1]++;
	*argument_of(slot) = 100 + argument;
}

static void run_even(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	run_kind(slot, 0);
}

static void run_odd(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	run_kind(slot, 1);
}

/* The word: top, split, tag, force from the low end. */
static bool is_ordered(uint64_t word)
{
	return (word & 0xfffff) <= (word >> 20 & 0xfffff) && (word >> 20 & 0xfffff) < SLOTS;
}

static void setup_with(bool eager)
{
	b = model_new(sizeof *b);
	sk_fiber *fiber = &b->fiber;
	fiber->slots = b->head = b->slot + 1;
	fiber->slot_capacity = SLOTS - 1;
	fiber->poll_end = fiber->slots + SLOTS - 2;
	sk_store_relaxed(&fiber->committed, SLOTS);
	fiber->fast.limit = fiber->slots;
	fiber->fast.poll = eager ? NULL : fiber->poll_end;
	model_watch(&fiber->word, is_ordered, "T1: top is at most split, split at most the head");
}

static void setup(void)
{
	setup_with(true);
}

static void setup_lazy(void)
{
	setup_with(false);
}

/* Of the slots only the first two can be read; the others follow when the owner comes to their end. */
static void setup_small(void)
{
	setup_with(false);
	sk_fiber *fiber = &b->fiber;
	sk_store_relaxed(&fiber->committed, 2);
	fiber->fast.poll = fiber->poll_end = fiber->slots;
	model_protect(fiber->slots + 2, (SLOTS - 2) * sizeof(sk_slot), false);
}

/* As sk_fiber_grow_slots. */
static void grow_slots(sk_fiber *fiber)
{
	unsigned before = sk_load_relaxed(&fiber->committed), after = before < SLOTS / 2 ? before * 2 : SLOTS;
	model_check(before < SLOTS, "the scenario has too few slots");
	model_protect(fiber->slots + before, (after - before) * sizeof(sk_slot), true);
	sk_store_relaxed(&fiber->committed, after);
	fiber->poll_end = fiber->slots + after - 2;
}

static void finish(void)
{
	sk_task_stack_view view = sk_task_stack_look((sk_task_thief){ &b->fiber });
	model_check(view.top == 0 && view.split == 0, "F3: something is left: top %u, split %u", view.top, view.split);
	for (unsigned i = 0; i < TASKS; i++)
		model_check(b->times[i] <= 1, "task %u was executed %u times", i, (unsigned)b->times[i]);
}

/* --- the owner --- */

static void spawn(unsigned i)
{
	sk_fiber *fiber = &b->fiber;
	sk_slot *slot = b->head++;
	*argument_of(slot) = i + 1;
	SK_DOOR_STORE_RUN(slot, i % 2 ? run_odd : run_even);
	if (slot < SK_DOOR_LOAD_POLL(&fiber->fast))
		return;
	bool asked = slot < fiber->poll_end;
	if (!asked)
		grow_slots(fiber);
	if (asked && !sk_task_stack_has_public(fiber))
		sk_task_stack_publish(fiber, b->head, 0);
	sk_task_stack_disarm_own(fiber);
}

static void sync_with(unsigned i, enum sk_keep keep, size_t want)
{
	sk_fiber *fiber = &b->fiber;
	sk_slot *slot = --b->head;
	SK_DOOR_CLEAR_RUN(slot);
	if (slot >= SK_DOOR_LOAD_LIMIT(&fiber->fast) ||
	    sk_task_stack_take_back(fiber, slot, keep, want) != SK_TAKE_STOLEN) {
		run_kind(slot, i % 2);
	} else {
		while (sk_load_acquire(state_of(slot)) != DONE) /* edge -> join.done : the result */
			model_yield();
		sk_store_relaxed(state_of(slot), 0);
		sk_task_stack_joined(fiber, slot);
	}
	model_check(*argument_of(slot) == 101 + i, "the result of task %u is not there", i);
	model_check(b->times[i] == 1, "task %u was executed %u times", i, (unsigned)b->times[i]);
}

static void sync(unsigned i)
{
	sync_with(i, SK_KEEP_HALF, 0);
}

static void spawn_and_sync(unsigned from, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		spawn(from + i);
	for (unsigned i = count; i-- > 0;)
		sync(from + i);
}

/* --- thieves --- */

static bool steal(void)
{
	sk_stolen stolen;
	if (sk_task_stack_steal((sk_task_thief){ &b->fiber }, &stolen) != SK_STEAL_WON)
		return false;
	stolen.run(stolen.slot, NULL, NULL);
	sk_exchange_acq_rel(state_of(stolen.slot), DONE); /* edge join.done -> : the result */
	return true;
}

static void force(void)
{
	sk_task_stack_force((sk_task_thief){ &b->fiber });
}

/* --- scenarios --- */

/* Three tasks, of which the slow spawn publishes some; two thieves. */
static void three(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 3);
	} else {
		steal();
		steal();
	}
}

/* Three tasks: one forces and steals, one asks and steals. */
static void three_forced(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 3);
	} else if (thread == 1) {
		force();
		steal();
	} else {
		steal();
	}
}

/* Both force, the second one when the first may have published already. */
static void both_force(unsigned thread)
{
	if (thread == 0) {
		for (unsigned i = 0; i < 3; i++)
			spawn(i);
		for (unsigned i = 3; i-- > 0;)
			sync(i);
	} else {
		force();
	}
}

/* So many thieves ask, and steal; the owner answers at its spawns and its syncs. */
static void ask(unsigned thread, size_t thieves)
{
	if (thread == 0) {
		for (unsigned i = 0; i < 3; i++)
			spawn(i);
		for (unsigned i = 3; i-- > 0;)
			sync_with(i, SK_KEEP_HALF, thieves);
	} else {
		sk_task_stack_arm((sk_task_thief){ &b->fiber });
		steal();
	}
}

static void arm(unsigned thread)
{
	ask(thread, 1);
}

static void both_arm(unsigned thread)
{
	ask(thread, 2);
}

/* Two thieves that steal, ask, force and steal. */
static void all(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 3);
		return;
	}
	if (!steal()) {
		sk_task_stack_arm((sk_task_thief){ &b->fiber });
		force();
	}
	steal();
}

/* The slots end, and more are made readable, while one forces and one asks. */
static void grow(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 3);
	} else if (thread == 1) {
		force();
		steal();
	} else {
		sk_task_stack_arm((sk_task_thief){ &b->fiber });
		steal();
	}
}

/* The slots are used again: a thief that is late must find another tag. */
static void again(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 2);
		sk_task_stack_arm_own(&b->fiber);
		spawn_and_sync(2, 2);
	} else {
		steal();
	}
}

/* The owner answers nobody; one thief forces, and steals. */
static void force_one(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 3);
	} else {
		force();
		steal();
	}
}

/* One thief forces, the other steals. */
static void force_two(unsigned thread)
{
	if (thread == 0)
		spawn_and_sync(0, 2);
	else if (thread == 1)
		force();
	else
		steal();
}

/* A force that is late meets the next tasks in the same slots. */
static void force_again(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 1);
		spawn_and_sync(1, 2);
	} else {
		force();
		steal();
	}
}

/* The slots were used before, privately: what a thief reads there must not be the task that was. */
static void used(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 1);
		sk_task_stack_arm_own(&b->fiber);
		spawn_and_sync(1, 2);
	} else {
		steal();
	}
}

/* The same, published by a forcing thief and stolen by another. */
static void force_used(unsigned thread)
{
	if (thread == 0) {
		spawn_and_sync(0, 1);
		spawn_and_sync(1, 2);
	} else if (thread == 1) {
		force();
	} else {
		steal();
	}
}

/* The limit that the owner stored last is older than the infinity of a force that begins on the word behind it. */
static void force_published(unsigned thread)
{
	if (thread > 0) {
		steal();
		force();
		steal();
		return;
	}
	spawn(0);
	spawn(1);
	sync(1);
	sync(0);
}

static void force_reclaimed(unsigned thread)
{
	if (thread > 0) {
		force();
		steal();
		return;
	}
	spawn(0);
	sync(0); /* of a public task */
	spawn(1);
	spawn(2);
	sync(2);
	sync(1);
}

static void force_joined(unsigned thread)
{
	if (thread > 0) {
		if (steal()) {
			force();
			steal();
		}
		return;
	}
	spawn(0);
	sync(0);
	spawn(1);
	sync(1);
}

/* Without membarrier: every spawn publishes, and a reclaim takes one. */
static void plain(unsigned thread)
{
	if (thread > 0) {
		steal();
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		sk_task_stack_arm_own(&b->fiber);
		spawn(i);
	}
	for (unsigned i = 2; i-- > 0;)
		sync_with(i, SK_KEEP_REST, 0);
}

const model_scenario task_stack_scenarios[] = {
	{ "stack.three", "three tasks, two thieves", 3, setup, three, finish, .spurious = 0 },
	{ "stack.again", "slots are used again", 2, setup, again, finish, .spurious = 0 },
	{ "stack.arm", "the owner is asked", 2, setup_lazy, arm, finish, .spurious = 0 },
	{ "stack.plain", "without membarrier", 3, setup, plain, finish, .spurious = 0 },
	{ "stack.force", "one forces and steals", 2, setup_lazy, force_one, finish, .spurious = 0 },
	{ "stack.force_two", "one forces, one steals", 3, setup_lazy, force_two, finish, .spurious = 0 },
	{ "stack.force_again", "a late force", 2, setup_lazy, force_again, finish, .spurious = 0 },
	{ "stack.used", "slots were used before", 2, setup_lazy, used, finish, .spurious = 0 },
	{ "stack.force_used", "and are forced by one, stolen by another", 3, setup_lazy, force_used, finish,
	  .spurious = 0 },
	{ "stack.force_published", "a force after a publication", 2, setup, force_published, finish, .spurious = 0 },
	{ "stack.force_reclaimed", "a force after a reclaim", 2, setup, force_reclaimed, finish, .spurious = 0 },
	{ "stack.force_joined", "a force after a join", 2, setup, force_joined, finish, .spurious = 0 },
	{ "stack.both_force", "three tasks, two thieves force", 3, setup_lazy, both_force, finish, .spurious = 0 },
	{ "stack.three_forced", "three tasks, one forces and steals, one steals", 3, setup_lazy, three_forced, finish,
	  .spurious = 0, .is_large = true },
	{ "stack.grow", "three tasks, the slots grow; one forces, one asks", 3, setup_small, grow, finish,
	  .spurious = 0, .preemptions = 2, .stale = 2, .is_large = true },
	{ "stack.all", "three tasks, two thieves steal, ask, force", 3, setup, all, finish, .spurious = 0,
	  .preemptions = 2, .stale = 2, .is_large = true },
	{ "stack.both_arm", "three tasks, two thieves ask and steal", 3, setup_lazy, both_arm, finish, .spurious = 0,
	  .is_long = true },
	{ "stack.all_long", "three tasks, two thieves steal, ask, force", 3, setup, all, finish, .spurious = 0,
	  .preemptions = 3, .stale = 2, .is_long = true },
	{ 0 },
};
