/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task stack without a scheduler: a fiber from a store whose stack is never entered, an owner that spawns and
 * syncs through the door as the macros do, and threads that steal, arm and force. Each task is a number; the owner
 * knows which one it must get back, a single thief which ones it can get.
 *
 *     begin(&s, slots, tasks);   spawn(&s);   sync_one(&s);   end(&s);
 */
#ifndef SK_TESTS_LONE_STACK_H
#define SK_TESTS_LONE_STACK_H

#include "crowd.h"
#include "sched/task_stack.h"
#include "sys/membarrier.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define RESULT(id) ((id) ^ 0x5a5a5a5au)
#define DONE ((uintptr_t)1)

typedef SK_ATOMIC(uintptr_t) atomic_state;

typedef struct stack {
	sk_fiber_store *store;
	sk_fiber *fiber;
	/* owner */
	sk_slot *head;
	uint32_t *expected; /* ids by depth */
	uint32_t next_id;
	enum sk_keep keep;
	size_t want;        /* of the owner's slow syncs */
	bool answers; /* does it publish when it is asked? */
	unsigned stolen;
	/* all */
	tally tally;
	crowd_counter forced;
	crowd_counter disorder; /* things that a thief saw and must not */
	crowd_counter thefts[CROWD_MAX];
	SK_ATOMIC(uint32_t) over;
	bool may_force;
	unsigned patience; /* looks of a thief before it lets others have the core */
} stack;

static inline void never(void *fiber)
{
	(void)fiber;
	abort();
}

/* What run of every task is; only compared. */
static inline void task_run(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)slot;
	(void)fiber;
	(void)head;
	abort();
}

static inline void begin(stack *s, size_t slots, size_t tasks)
{
	sk_fiber_sizes sizes = { .stack_bytes = 64 << 10, .slot_count = slots };
	memset(s, 0, sizeof *s);
	s->store = sk_fiber_store_create(&sizes, never);
	cr_assert_not_null(s->store);
	s->fiber = sk_fiber_acquire(s->store, -1);
	cr_assert_not_null(s->fiber);
	s->expected = calloc(slots + 1, sizeof s->expected[0]);
	s->tally = tally_create(tasks);
	s->answers = true;
	s->may_force = sk_membarrier_start();
	sk_task_stack_begin(s->fiber);
	s->head = s->fiber->slots;
}

static inline void end(stack *s)
{
	cr_assert_eq(s->head, s->fiber->slots, "the owner has synced what it has spawned");
	cr_assert_null(s->fiber->slots[0].run);
	tally_expect_each_once(&s->tally);
	cr_assert_eq(sk_load_relaxed(&s->disorder), 0, "a thief saw a wrong task or a wrong order");
	tally_destroy(&s->tally);
	free(s->expected);
	sk_fiber_store_destroy(s->store);
}

static inline sk_task_thief thief_of(const stack *s)
{
	return (sk_task_thief){ s->fiber };
}

static inline void expect_word(const stack *s, uint32_t top, uint32_t split)
{
	sk_task_stack_view view = sk_task_stack_look(thief_of(s));
	cr_assert(view.top == top && view.split == split, "top %u, split %u, not %u, %u", view.top, view.split, top,
		  split);
}

static inline size_t depth(const stack *s)
{
	return (size_t)(s->head - s->fiber->slots);
}

/* --- the owner --- */

static inline void spawn_slow(stack *s, const sk_slot *slot)
{
	if (slot >= s->fiber->poll_end)
		sk_fiber_grow_slots(s->fiber);
	if (s->answers && !sk_task_stack_has_public(s->fiber))
		sk_task_stack_publish(s->fiber, s->head, 0);
	sk_task_stack_disarm_own(s->fiber);
}

static inline void spawn(stack *s)
{
	sk_slot *slot = s->head;
	uint32_t id = s->next_id++;
	s->expected[depth(s)] = id;
	memcpy(slot->bytes, &id, sizeof id);
	SK_DOOR_STORE_RUN(slot, task_run);
	s->head = slot + 1;
	if (slot >= SK_DOOR_LOAD_POLL(SK_FAST(s->fiber)))
		spawn_slow(s, slot);
}

static inline void join(stack *s, sk_slot *slot, uint32_t expected)
{
	uint32_t result;
	while (sk_load_acquire((atomic_state *)(void *)&slot->state) != DONE)
		sched_yield();
	memcpy(&result, slot->bytes, sizeof result);
	SURELY(result == RESULT(expected), "the result of %u is of another task", expected);
	slot->state = 0;
	sk_task_stack_joined(s->fiber, slot);
	s->stolen++;
}

/* Returns whether the task was the owner's to run. */
static inline bool sync_one(stack *s)
{
	sk_slot *slot = --s->head;
	uint32_t expected = s->expected[depth(s)], id;
	SK_DOOR_CLEAR_RUN(slot);
	if (slot < SK_DOOR_LOAD_LIMIT(SK_FAST(s->fiber)) &&
	    sk_task_stack_take_back(s->fiber, slot, s->keep, s->want) == SK_TAKE_STOLEN) {
		join(s, slot, expected);
		return false;
	}
	memcpy(&id, slot->bytes, sizeof id);
	SURELY(id == expected, "the owner got %u back instead of %u", id, expected);
	tally_mark(&s->tally, id);
	return true;
}

static inline void sync_all(stack *s)
{
	while (s->head > s->fiber->slots)
		sync_one(s);
}

/* --- the thieves --- */

static inline uint32_t run_stolen(stack *s, const sk_stolen *stolen)
{
	uint32_t id, result;
	memcpy(&id, stolen->slot->bytes, sizeof id);
	if (stolen->run != task_run)
		sk_add_relaxed(&s->disorder, 1);
	tally_mark(&s->tally, id);
	result = RESULT(id);
	memcpy(stolen->slot->bytes, &result, sizeof result);
	sk_store_release((atomic_state *)(void *)&stolen->slot->state, DONE);
	return id;
}

/* Steals for certain: a lost race or a hostile failure is tried again. */
static inline uint32_t steal_now(stack *s)
{
	sk_stolen stolen;
	enum sk_steal_result result;
	do
		result = sk_task_stack_steal(thief_of(s), &stolen);
	while (result == SK_STEAL_LOST);
	cr_assert_eq(result, SK_STEAL_WON, "there is a public task");
	return run_stolen(s, &stolen);
}

static inline void steal_until_over(void *arg, unsigned index)
{
	stack *s = arg;
	uint32_t last = 0;
	bool any = false;
	unsigned looks = 0;
	while (!sk_load_acquire(&s->over)) {
		sk_stolen stolen;
		enum sk_steal_result result = sk_task_stack_steal(thief_of(s), &stolen);
		if (result == SK_STEAL_NOTHING) {
			sk_task_stack_arm(thief_of(s));
			if (s->may_force && sk_task_stack_private_seen(thief_of(s)) &&
			    sk_task_stack_force(thief_of(s)) > 0)
				sk_add_relaxed(&s->forced, 1);
			if (++looks > s->patience) {
				sched_yield();
				looks = 0;
			}
		}
		if (result != SK_STEAL_WON)
			continue;
		uint32_t id = run_stolen(s, &stolen);
		/* ids grow with the depth and with time, and thieves take the oldest first */
		if (any && id <= last)
			sk_add_relaxed(&s->disorder, 1);
		last = id;
		any = true;
		sk_add_relaxed(&s->thefts[index], 1);
	}
}

static inline void stop(stack *s, crowd *thieves)
{
	sk_store_release(&s->over, 1);
	crowd_join(thieves);
}

#endif
