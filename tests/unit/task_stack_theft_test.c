/* SPDX-License-Identifier: Apache-2.0 */
/* The task stack in races: an owner against thieves that steal, arm and force; each task is run once. */
#include "sched/task_stack.h"

#include "lone_stack.h"

/* --- the word's tag --- */

/* The tag is 23 bits wide and stands above two indices of 20 bits. */
static void set_tag(stack *s, uint32_t tag)
{
	uint64_t word = sk_load_relaxed(&s->fiber->word);
	sk_store_relaxed(&s->fiber->word, (word & ((UINT64_C(1) << 40) - 1)) | (uint64_t)tag << 40);
	cr_assert_eq(sk_task_stack_look(thief_of(s)).tag, tag, "this test knows how the word is divided");
}

Test(task_stack_theft, wraparound)
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

Test(task_stack_theft, one_to_one)
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

Test(task_stack_theft, last_task)
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

Test(task_stack_theft, grow_under_theft)
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

Test(task_stack_theft, stampede)
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
Test(task_stack_theft, no_starvation)
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

Test(task_stack_theft, exactly_once)
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

Test(task_stack_theft, a_force_against_an_owner_that_pops_fast_gives_each_task_once)
{
	expect_forced_exactly_once(1, 1, 1000);
	expect_forced_exactly_once(1, 2, 1000);
	expect_forced_exactly_once(1, 16, 1000);
}

Test(task_stack_theft, forces_of_several_thieves_give_each_task_once)
{
	expect_forced_exactly_once(3, 1, 0);
	expect_forced_exactly_once(3, 10, 0);
}

Test(task_stack_theft, a_force_reaches_the_tasks_of_an_owner_in_a_long_call)
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
