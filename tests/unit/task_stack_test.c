/* SPDX-License-Identifier: Apache-2.0 */
/* The task stack, call by call: what each of the owner's and the thief's functions does, on one thread. */
#include "sched/task_stack.h"

#include "lone_stack.h"

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
