/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task stack without a scheduler: a fiber from a store whose stack is never entered, an owner that spawns and
 * syncs through the door as the macros do, and threads that steal, arm and force. Each task is a number; the owner
 * knows which one it must get back, a single thief which ones it can get.
 */
#include "sched/task_stack.h"

#include "crowd.h"
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

static void never(void *fiber)
{
	(void)fiber;
	abort();
}

/* What run of every task is; only compared. */
static void task_run(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)slot;
	(void)fiber;
	(void)head;
	abort();
}

static void begin(stack *s, size_t slots, size_t tasks)
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

static void end(stack *s)
{
	cr_assert_eq(s->head, s->fiber->slots, "the owner has synced what it has spawned");
	cr_assert_null(s->fiber->slots[0].run);
	tally_expect_each_once(&s->tally);
	cr_assert_eq(sk_load_relaxed(&s->disorder), 0, "a thief saw a wrong task or a wrong order");
	tally_destroy(&s->tally);
	free(s->expected);
	sk_fiber_store_destroy(s->store);
}

static sk_task_thief thief_of(const stack *s)
{
	return (sk_task_thief){ s->fiber };
}

static void expect_word(const stack *s, uint32_t top, uint32_t split)
{
	sk_task_stack_view view = sk_task_stack_look(thief_of(s));
	cr_assert(view.top == top && view.split == split, "top %u, split %u, not %u, %u", view.top, view.split, top,
		  split);
}

static size_t depth(const stack *s)
{
	return (size_t)(s->head - s->fiber->slots);
}

/* --- the owner --- */

static void spawn_slow(stack *s, const sk_slot *slot)
{
	if (slot >= s->fiber->poll_end)
		sk_fiber_grow_slots(s->fiber);
	if (s->answers && !sk_task_stack_has_public(s->fiber))
		sk_task_stack_publish(s->fiber, s->head, 0);
	sk_task_stack_disarm_own(s->fiber);
}

static void spawn(stack *s)
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

static void join(stack *s, sk_slot *slot, uint32_t expected)
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
static bool sync_one(stack *s)
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

static void sync_all(stack *s)
{
	while (s->head > s->fiber->slots)
		sync_one(s);
}

/* --- the thieves --- */

static uint32_t run_stolen(stack *s, const sk_stolen *stolen)
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
static uint32_t steal_now(stack *s)
{
	sk_stolen stolen;
	enum sk_steal_result result;
	do
		result = sk_task_stack_steal(thief_of(s), &stolen);
	while (result == SK_STEAL_LOST);
	cr_assert_eq(result, SK_STEAL_WON, "there is a public task");
	return run_stolen(s, &stolen);
}

static void steal_until_over(void *arg, unsigned index)
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

static void stop(stack *s, crowd *thieves)
{
	sk_store_release(&s->over, 1);
	crowd_join(thieves);
}

/* --- one thread: what the calls do --- */

Test(task_stack, smoke)
{
	stack s;
	begin(&s, 100, 8);
	s.answers = false;
	for (int i = 0; i < 8; i++)
		spawn(&s);
	sk_stolen stolen;
	cr_assert_eq(sk_task_stack_steal(thief_of(&s), &stolen), SK_STEAL_NOTHING, "private tasks cannot be stolen");
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, 0), 4, "the older half");
	expect_word(&s, 0, 4);
	cr_assert_eq(steal_now(&s), 0, "the oldest first");
	cr_assert_eq(steal_now(&s), 1);
	expect_word(&s, 2, 4);
	for (int i = 7; i >= 2; i--)
		cr_assert(sync_one(&s), "task %d was not stolen", i);
	cr_assert_not(sync_one(&s), "task 1 was stolen");
	expect_word(&s, 1, 1);
	cr_assert_not(sync_one(&s), "task 0 was stolen");
	expect_word(&s, 0, 0);
	end(&s);
}

Test(task_stack, publishing_gives_the_older_half_or_as_many_as_are_wanted)
{
	stack s;
	begin(&s, 100, 25);
	s.answers = false;
	for (int i = 0; i < 5; i++)
		spawn(&s);
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, 0), 3, "of 5, rounded up");
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, 0), 1, "of 2");
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, 0), 1, "of 1");
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, 7), 0, "nothing is left");
	for (int i = 0; i < 20; i++)
		spawn(&s);
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, 15), 15, "more than half are wanted");
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, SIZE_MAX), 5, "all are wanted");
	expect_word(&s, 0, 25);
	sync_all(&s);
	end(&s);
}

Test(task_stack, a_task_taken_back_brings_the_younger_half_with_it)
{
	stack s;
	begin(&s, 100, 16);
	s.answers = false;
	for (int i = 0; i < 16; i++)
		spawn(&s);
	sk_task_stack_publish(s.fiber, s.head, SIZE_MAX);
	cr_assert(sync_one(&s));
	expect_word(&s, 0, 7);
	for (int i = 0; i < 8; i++)
		cr_assert(sync_one(&s));
	expect_word(&s, 0, 7);
	cr_assert(sync_one(&s));
	expect_word(&s, 0, 3);
	sync_all(&s);
	end(&s);
}

Test(task_stack, a_task_taken_back_alone_leaves_the_rest_public)
{
	stack s;
	begin(&s, 100, 16);
	s.answers = false;
	s.keep = SK_KEEP_REST;
	for (int i = 0; i < 16; i++)
		spawn(&s);
	sk_task_stack_publish(s.fiber, s.head, SIZE_MAX);
	for (uint32_t left = 15; left > 4; left--) {
		cr_assert(sync_one(&s));
		expect_word(&s, 0, left);
	}
	for (uint32_t i = 0; i < 4; i++)
		cr_assert_eq(steal_now(&s), i);
	sync_all(&s);
	end(&s);
}

Test(task_stack, arming_makes_the_next_spawn_slow_once)
{
	stack s;
	begin(&s, 100, 3);
	cr_assert_null(s.fiber->fast.poll, "a fiber that begins asks at its first spawn");
	spawn(&s);
	cr_assert_eq(s.fiber->fast.poll, s.fiber->poll_end);
	sync_one(&s);
	spawn(&s);
	expect_word(&s, 0, 0);
	sk_task_stack_arm(thief_of(&s));
	cr_assert_null(s.fiber->fast.poll);
	sk_task_stack_arm(thief_of(&s));
	spawn(&s);
	cr_assert_eq(s.fiber->fast.poll, s.fiber->poll_end);
	expect_word(&s, 0, 1);
	sync_all(&s);
	end(&s);
}

Test(task_stack, arming_makes_the_next_sync_share_the_older_half)
{
	stack s;
	begin(&s, 100, 9);
	s.answers = false;
	for (int i = 0; i < 9; i++)
		spawn(&s);
	expect_word(&s, 0, 0);
	sk_task_stack_arm(thief_of(&s));
	cr_assert_eq(s.fiber->fast.limit, SK_SLOT_INFINITY);
	s.want = 1;
	cr_assert(sync_one(&s), "the task itself is the owner's");
	expect_word(&s, 0, 4);
	cr_assert_eq(s.fiber->fast.limit, s.fiber->slots + 4, "and the next sync is fast");
	sk_task_stack_arm(thief_of(&s));
	cr_assert(sync_one(&s));
	expect_word(&s, 0, 4);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(steal_now(&s), i);
	sk_task_stack_arm(thief_of(&s));
	s.want = 100;
	cr_assert(sync_one(&s));
	expect_word(&s, 4, 6);
	s.want = 0;
	cr_assert_eq(steal_now(&s), 4);
	cr_assert_eq(steal_now(&s), 5);
	sync_all(&s);
	end(&s);
}

Test(task_stack, the_head_is_found_by_search_at_every_depth)
{
	const size_t slots = 300;
	stack s;
	begin(&s, slots, 4 * slots);
	s.answers = false;
	for (size_t publish = 0; publish < 4; publish++) {
		for (size_t i = 0; i < slots; i++) {
			SURELY(sk_task_stack_head(s.fiber) == s.head, "empty above %zu", i);
			spawn(&s);
			if (publish && i % (publish * 7) == 0)
				sk_task_stack_publish(s.fiber, s.head, publish == 3 ? SIZE_MAX : 0);
			SURELY(sk_task_stack_head(s.fiber) == s.head, "empty above %zu", i + 1);
		}
		while (s.head > s.fiber->slots) {
			sync_one(&s);
			SURELY(sk_task_stack_head(s.fiber) == s.head, "on the way down, %zu are left", depth(&s));
		}
	}
	end(&s);
}

/* Without guard marks in the page table the slots are made readable piece by piece. */
static void fill_to_capacity(size_t slots)
{
	stack s;
	begin(&s, slots, slots);
	s.answers = false;
	for (size_t i = 0; i < slots; i++)
		spawn(&s);
	cr_assert_eq(depth(&s), slots);
	cr_assert_eq(sk_task_stack_head(s.fiber), s.head, "the search ends above the last slot that may be used");
	cr_assert_not(sk_fiber_grow_slots(s.fiber), "there are no more");
	cr_assert_eq(s.fiber->fast.poll, s.fiber->slots + slots, "one more spawn would take the slow path");
	cr_assert_eq(sk_task_stack_publish(s.fiber, s.head, SIZE_MAX), slots, "all can be public");
	cr_assert_eq(steal_now(&s), 0);
	sync_all(&s);
	end(&s);
}

Test(task_stack, every_slot_up_to_the_capacity_can_be_used)
{
	fill_to_capacity(16);
	fill_to_capacity(1023);
	fill_to_capacity(20000);
}

Test(task_stack, every_slot_up_to_the_capacity_can_be_used_when_slots_come_in_pieces)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	fill_to_capacity(16);
	fill_to_capacity(1023);
	fill_to_capacity(20000);
}

Test(task_stack, the_largest_capacity_that_a_user_can_ask_for_fits_the_word)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	fill_to_capacity(1048573);
}

/* --- one thread: force --- */

Test(task_stack, a_force_publishes_the_older_half_of_what_its_owner_keeps)
{
	stack s;
	begin(&s, 100, 9);
	if (!s.may_force)
		cr_skip("no membarrier here");
	s.answers = false;
	cr_assert_not(sk_task_stack_private_seen(thief_of(&s)));
	cr_assert_eq(sk_task_stack_force(thief_of(&s)), 0, "nothing is there");
	for (int i = 0; i < 9; i++)
		spawn(&s);
	cr_assert(sk_task_stack_private_seen(thief_of(&s)));
	cr_assert_eq(sk_task_stack_force(thief_of(&s)), 5);
	expect_word(&s, 0, 5);
	cr_assert_not(sk_task_stack_look(thief_of(&s)).force, "the force is over");
	cr_assert_eq(sk_task_stack_force(thief_of(&s)), 0, "there are public ones: nobody forces");
	cr_assert_eq(steal_now(&s), 0);
	cr_assert_eq(s.fiber->fast.limit, SK_SLOT_INFINITY);
	cr_assert(sync_one(&s), "the owner takes the youngest back by the slow path");
	cr_assert_eq(s.fiber->fast.limit, s.fiber->slots + 5, "and the fast path is open again");
	sync_all(&s);
	end(&s);
}

Test(task_stack, a_force_leaves_a_single_task_to_the_thief)
{
	stack s;
	begin(&s, 100, 1);
	if (!s.may_force)
		cr_skip("no membarrier here");
	s.answers = false;
	spawn(&s);
	cr_assert_eq(sk_task_stack_force(thief_of(&s)), 1);
	cr_assert_eq(steal_now(&s), 0);
	cr_assert_not(sync_one(&s));
	end(&s);
}

/* --- the word's tag --- */

/* The tag is 23 bits wide and stands above two indices of 20 bits. */
static void set_tag(stack *s, uint32_t tag)
{
	uint64_t word = sk_load_relaxed(&s->fiber->word);
	sk_store_relaxed(&s->fiber->word, (word & ((UINT64_C(1) << 40) - 1)) | (uint64_t)tag << 40);
	cr_assert_eq(sk_task_stack_look(thief_of(s)).tag, tag, "this test knows how the word is divided");
}

Test(task_stack, wraparound)
{
	const unsigned rounds = CROWD_ROUNDS(20000), burst = 8;
	stack s;
	crowd thieves;
	begin(&s, 100, rounds * burst);
	set_tag(&s, (1u << 23) - 20);
	crowd_start(&thieves, 2, steal_until_over, &s);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned j = 0; j < burst; j++)
			spawn(&s);
		sk_task_stack_publish(s.fiber, s.head, 1 + i % burst);
		sync_all(&s);
	}
	stop(&s, &thieves);
	cr_assert_lt(sk_task_stack_look(thief_of(&s)).tag, 1u << 22, "the tag has begun anew");
	end(&s);
}

/* --- races --- */

Test(task_stack, one_to_one)
{
	const unsigned rounds = CROWD_ROUNDS(20000), burst = 10;
	stack s;
	crowd thieves;
	begin(&s, 100, rounds * burst);
	crowd_start(&thieves, 1, steal_until_over, &s);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned j = 0; j < burst; j++)
			spawn(&s);
		sync_all(&s);
	}
	stop(&s, &thieves);
	cr_assert_eq(s.stolen, sk_load_relaxed(&s.thefts[0]), "what the thief took is what the owner missed");
	end(&s);
}

Test(task_stack, last_task)
{
	const unsigned rounds = CROWD_ROUNDS(200000);
	stack s;
	crowd thieves;
	begin(&s, 16, rounds);
	s.may_force = false;
	crowd_start(&thieves, 2, steal_until_over, &s);
	for (unsigned i = 0; i < rounds; i++) {
		spawn(&s);
		if (!sk_task_stack_has_public(s.fiber))
			sk_task_stack_publish(s.fiber, s.head, 1);
		sync_one(&s);
	}
	stop(&s, &thieves);
	cr_assert_eq(s.stolen, sk_load_relaxed(&s.thefts[0]) + sk_load_relaxed(&s.thefts[1]));
	end(&s);
}

Test(task_stack, grow_under_theft)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	const unsigned rounds = 10, slots = CROWD_ROUNDS(50000) + 4000;
	for (unsigned i = 0; i < rounds; i++) {
		stack s;
		crowd thieves;
		begin(&s, slots, slots);
		crowd_start(&thieves, 2, steal_until_over, &s);
		for (unsigned j = 0; j < slots; j++)
			spawn(&s);
		sync_all(&s);
		stop(&s, &thieves);
		end(&s);
	}
}

Test(task_stack, stampede)
{
	const unsigned rounds = 20, burst = CROWD_ROUNDS(20000);
	stack s;
	crowd thieves;
	begin(&s, burst, rounds * burst);
	s.answers = false;
	crowd_start(&thieves, 6, steal_until_over, &s);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned j = 0; j < burst; j++)
			spawn(&s);
		sk_task_stack_publish(s.fiber, s.head, SIZE_MAX);
		sync_all(&s);
	}
	stop(&s, &thieves);
	end(&s);
}

/* Ends when each thief has got something; otherwise never. */
Test(task_stack, no_starvation)
{
	const unsigned count = 4;
	stack s;
	crowd thieves;
	begin(&s, 1000, 0);
	crowd_start(&thieves, count, steal_until_over, &s);
	for (bool all = false; !all;) {
		for (unsigned j = 0; j < 100; j++)
			spawn(&s);
		for (unsigned j = 0; j < 50; j++)
			sync_one(&s);
		/* in turns it competes with them and leaves them the field */
		sched_yield();
		while (s.next_id % 200 == 0 && sk_task_stack_has_public(s.fiber))
			sched_yield();
		sync_all(&s);
		all = true;
		for (unsigned i = 0; i < count; i++)
			all = all && sk_load_relaxed(&s.thefts[i]) >= 10;
	}
	stop(&s, &thieves);
	tally_expect_total(&s.tally, s.next_id);
	end(&s);
}

/* A tree walk: up and down at random, so that every slow path meets every other one. */
static void walk(stack *s, unsigned tasks, unsigned depth_max)
{
	uint64_t random = 88172645463325252u;
	while (s->next_id < tasks) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if (depth(s) == 0 || (depth(s) < depth_max && random % 2))
			spawn(s);
		else
			sync_one(s);
		if (random % 4096 == 0)
			sched_yield();
	}
	sync_all(s);
}

Test(task_stack, exactly_once)
{
	const unsigned tasks = CROWD_ROUNDS(1000000);
	for (int keep = 0; keep < 2; keep++) {
		stack s;
		crowd thieves;
		begin(&s, 200, tasks);
		s.keep = keep ? SK_KEEP_REST : SK_KEEP_HALF;
		crowd_start(&thieves, 3, steal_until_over, &s);
		walk(&s, tasks, 200);
		stop(&s, &thieves);
		end(&s);
	}
}

/* --- forced publication --- */

static void expect_forced_exactly_once(unsigned count, unsigned burst, unsigned patience)
{
	const unsigned tasks = CROWD_ROUNDS(1000000);
	stack s;
	crowd thieves;
	begin(&s, 200, tasks + burst);
	if (!s.may_force)
		cr_skip("no membarrier here");
	s.answers = false; /* nothing becomes public but by force */
	s.patience = patience;
	crowd_start(&thieves, count, steal_until_over, &s);
	while (s.next_id < tasks) {
		for (unsigned i = 0; i < burst; i++)
			spawn(&s);
		/* mostly it pops as fast as it can, now and then it is in a long call */
		if (s.next_id / burst % 64 == 0)
			sched_yield();
		sync_all(&s);
	}
	stop(&s, &thieves);
	s.tally.count = s.next_id;
	end(&s);
}

Test(task_stack, a_force_against_an_owner_that_pops_fast_gives_each_task_once)
{
	expect_forced_exactly_once(1, 1, 1000);
	expect_forced_exactly_once(1, 2, 1000);
	expect_forced_exactly_once(1, 16, 1000);
}

Test(task_stack, forces_of_several_thieves_give_each_task_once)
{
	expect_forced_exactly_once(3, 1, 0);
	expect_forced_exactly_once(3, 10, 0);
}

Test(task_stack, a_force_reaches_the_tasks_of_an_owner_in_a_long_call)
{
	const unsigned rounds = CROWD_ROUNDS(500);
	stack s;
	crowd thieves;
	begin(&s, 200, rounds * 8);
	if (!s.may_force)
		cr_skip("no membarrier here");
	s.answers = false;
	crowd_start(&thieves, 2, steal_until_over, &s);
	for (unsigned i = 1; i <= rounds; i++) {
		for (unsigned j = 0; j < 8; j++)
			spawn(&s);
		/* the long call: it ends when all eight are stolen, which takes four forces */
		while (sk_load_relaxed(&s.thefts[0]) + sk_load_relaxed(&s.thefts[1]) < i * 8)
			sched_yield();
		sync_all(&s);
	}
	stop(&s, &thieves);
	cr_assert_eq(s.stolen, rounds * 8);
	cr_assert_geq(sk_load_relaxed(&s.forced), rounds * 4, "8 tasks need 4 forces: 4, 2, 1 and 1 of them");
	end(&s);
}
