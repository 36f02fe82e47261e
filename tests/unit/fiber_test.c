/* SPDX-License-Identifier: Apache-2.0 */
/* The store of fibers: headers that stay, memory that belongs to one fiber, idle ones that come back. */
#include "fiber/fiber.h"

#include "crowd.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static sk_context home;

/* Leaves its mark on its own stack and in its slots, and goes back. */
static void leave_a_mark(void *argument)
{
	sk_fiber *fiber = argument;
	for (;;) {
		char here[2000];
		memset(here, (int)fiber->index, sizeof here);
		fiber->slots[0].state = fiber->index + 1;
		fiber->saved_errno += here[1000] == (char)fiber->index;
		sk_context_switch(&fiber->context, &home);
	}
}

/* The same without slots, which small fibers share. */
static void leave_a_small_mark(void *argument)
{
	sk_fiber *fiber = argument;
	for (;;) {
		char here[2000];
		memset(here, (int)fiber->index, sizeof here);
		fiber->saved_errno += here[1000] == (char)fiber->index;
		sk_context_switch(&fiber->context, &home);
	}
}

static sk_fiber_store *create(size_t slots)
{
	sk_fiber_sizes sizes = { .stack_bytes = 64 << 10, .slot_count = slots };
	sk_fiber_store *store = sk_fiber_store_create(&sizes, leave_a_mark);
	cr_assert_not_null(store);
	cr_assert_eq(sk_fiber_count(store), 0);
	return store;
}

static sk_fiber *acquire(sk_fiber_store *store)
{
	sk_fiber *fiber = sk_fiber_acquire(store, -1);
	cr_assert_not_null(fiber);
	return fiber;
}

static void enter(sk_fiber *fiber)
{
	sk_context_thread(&home);
	sk_context_switch(&home, &fiber->context);
	sk_context_destroy(&home);
}

Test(fiber, a_fiber_runs_its_entry_and_goes_on_in_it)
{
	sk_fiber_store *store = create(100);
	sk_fiber *fiber = acquire(store);
	for (int i = 1; i <= 3; i++) {
		enter(fiber);
		cr_assert_eq(fiber->saved_errno, i);
	}
	sk_fiber_store_destroy(store);
}

Test(fiber, a_fresh_fiber_is_empty)
{
	sk_fiber_store *store = create(100);
	for (uint32_t i = 0; i < 70; i++) {
		const sk_fiber *fiber = acquire(store);
		cr_assert_eq(fiber->index, i);
		cr_assert_eq((uintptr_t)fiber % SK_CACHE_LINE, 0);
		cr_assert_eq((uintptr_t)fiber->slots % sizeof(sk_slot), 0);
		cr_assert_eq(fiber->slot_capacity, 100);
		cr_assert_null(fiber->slots[-1].run, "F1: the sentinel");
		cr_assert_null(fiber->slots[0].run, "F3");
		cr_assert_eq(sk_load_relaxed(&fiber->word), 0, "F3");
		cr_assert_eq(fiber->fast.limit, fiber->slots);
		cr_assert_null(fiber->slots[101].run, "F2: readable above the last one");
		cr_assert_geq(fiber->poll_end, fiber->slots + 16);
		cr_assert_leq(fiber->poll_end, fiber->slots + 100);
	}
	sk_fiber_store_destroy(store);
}

Test(fiber, fibers_do_not_share_memory_and_headers_stay_where_they_are)
{
	enum { COUNT = 500 }; /* several chunks of headers */
	static sk_fiber *fibers[COUNT];
	sk_fiber_store *store = create(20);
	for (size_t i = 0; i < COUNT; i++) {
		fibers[i] = acquire(store);
		cr_assert_eq(sk_fiber_count(store), i + 1);
	}
	for (size_t i = 0; i < COUNT; i++) {
		cr_assert_eq(sk_fiber_at(store, i), fibers[i]);
		enter(fibers[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		cr_assert_eq(fibers[i]->index, i);
		cr_assert_eq(fibers[i]->saved_errno, 1, "fiber %zu ran once", i);
		cr_assert_eq(fibers[i]->slots[0].state, i + 1, "the slot of %zu belongs to nobody else", i);
	}
	sk_fiber_store_destroy(store);
}

Test(fiber, a_recycled_fiber_comes_back_before_a_new_one_is_made)
{
	sk_fiber_store *store = create(20);
	sk_fiber *a = acquire(store), *b = acquire(store);
	cr_assert_neq(a, b);
	sk_fiber_recycle(store, a);
	sk_fiber_recycle(store, b);
	sk_fiber *c = acquire(store), *d = acquire(store);
	cr_assert((c == a && d == b) || (c == b && d == a));
	cr_assert_eq(sk_fiber_count(store), 2);
	acquire(store);
	cr_assert_eq(sk_fiber_count(store), 3);
	enter(c);
	cr_assert_eq(c->saved_errno, 1);
	sk_fiber_store_destroy(store);
}

/* --- slots --- */

static void grow_to(size_t slots)
{
	sk_fiber_store *store = create(slots);
	sk_fiber *fiber = acquire(store);
	size_t used = 0;
	do {
		size_t end = (size_t)(fiber->poll_end - fiber->slots);
		cr_assert_leq(end, slots);
		/* what lies below the end can be used; the two above can be read */
		for (; used < end; used++)
			fiber->slots[used].state = used;
		cr_assert_null(fiber->slots[end].run);
		cr_assert_null(fiber->slots[end + 1].run);
	} while (sk_fiber_grow_slots(fiber) && (size_t)(fiber->poll_end - fiber->slots) > used);
	cr_assert_eq(used, slots, "%zu of %zu slots could be used", used, slots);
	cr_assert_not(sk_fiber_grow_slots(fiber));
	for (size_t i = 0; i < slots; i++)
		if (fiber->slots[i].state != i)
			cr_assert_fail("slot %zu has changed", i);
	sk_fiber_store_destroy(store);
}

Test(fiber, slots_grow_up_to_the_capacity)
{
	grow_to(16);
	grow_to(1000);
	grow_to(30000);
}

Test(fiber, slots_grow_up_to_the_capacity_when_they_come_in_pieces)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	for (size_t slots = 900; slots < 1200; slots += 7)
		grow_to(slots);
	grow_to(16);
	grow_to(30000);
}

/* --- the store and its limits --- */

static void exchange_fibers(void *arg, unsigned index)
{
	sk_fiber_store *store = arg;
	sk_fiber *mine[5];
	for (unsigned i = 0; i < CROWD_ROUNDS(3000); i++) {
		for (int j = 0; j < 5; j++) {
			mine[j] = sk_fiber_acquire(store, -1);
			mine[j]->saved_errno = (int)(index * 10) + j;
		}
		if (i % 16 == 0)
			sched_yield();
		for (int j = 0; j < 5; j++) {
			if (mine[j]->saved_errno != (int)(index * 10) + j)
				mine[j]->poll_end = NULL; /* told below */
			sk_fiber_recycle(store, mine[j]);
		}
	}
}

Test(fiber, no_two_threads_ever_hold_the_same_fiber)
{
	sk_fiber_store *store = create(20);
	crowd threads;
	crowd_start(&threads, 4, exchange_fibers, store);
	crowd_join(&threads);
	size_t count = sk_fiber_count(store);
	cr_assert_leq(count, 20, "each holds five at most");
	for (size_t i = 0; i < count; i++)
		cr_assert_not_null(sk_fiber_at(store, i)->poll_end, "two threads held fiber %zu", i);
	sk_fiber_store_destroy(store);
}

Test(fiber, without_memory_there_is_no_fiber)
{
	sk_fiber_sizes sizes = { .stack_bytes = (size_t)1 << 50, .slot_count = 100 };
	sk_fiber_store *store = sk_fiber_store_create(&sizes, leave_a_mark);
	cr_assert_not_null(store);
	cr_assert_null(sk_fiber_acquire(store, -1));
	cr_assert_null(sk_fiber_acquire(store, -1));
	cr_assert_eq(sk_fiber_count(store), 0);
	sk_fiber_store_destroy(store);
}

Test(fiber, a_fault_in_a_guard_is_told_with_fiber_size_and_setting)
{
	char text[256];
	sk_fiber_store *store = create(100);
	acquire(store);
	acquire(store);
	const sk_fiber *fiber = acquire(store);
	static const char *const words[] = { "fiber 2", "64 KiB", "SKUA_STACK" };
	char *const in_guard[] = { fiber->region.stack_low - 1, fiber->region.stack_low - SK_STACK_GUARD_BYTES };
	for (int i = 0; i < 2; i++) {
		text[0] = '\0';
		sk_fiber_describe_fault(store, in_guard[i], text, sizeof text);
		for (int j = 0; j < 3; j++)
			cr_assert_not_null(strstr(text, words[j]), "'%s' does not say '%s'", text, words[j]);
	}
	char *const elsewhere[] = { fiber->region.stack_low, (char *)fiber->slots, (char *)&store, NULL };
	for (int i = 0; i < 4; i++) {
		text[0] = '\0';
		sk_fiber_describe_fault(store, elsewhere[i], text, sizeof text);
		cr_assert_str_empty(text, "%p is no guard: %s", (void *)elsewhere[i], text);
	}
	sk_fiber_store_destroy(store);
}

Test(fiber, default_sizes_fill_only_what_is_not_given)
{
	sk_fiber_sizes sizes = { 0 };
	sk_fiber_sizes_default(&sizes);
	cr_assert_geq(sizes.stack_bytes, 64 << 10);
	cr_assert_geq(sizes.slot_count, 1000);
	sk_fiber_sizes given = { .stack_bytes = 12345, .slot_count = 67 };
	sk_fiber_sizes_default(&given);
	cr_assert_eq(given.stack_bytes, 12345);
	cr_assert_eq(given.slot_count, 67);
}

/* --- small fibers --- */

static sk_fiber_store *create_small(void)
{
	sk_fiber_sizes sizes = { .stack_bytes = 64 << 10, .slot_count = 0 };
	sk_fiber_store *store = sk_fiber_store_create(&sizes, leave_a_small_mark);
	cr_assert_not_null(store);
	return store;
}

Test(fiber, small_fibers_have_stacks_of_their_own_and_no_slots)
{
	enum { MANY = 200 };
	sk_fiber_store *store = create_small();
	sk_fiber *fibers[MANY];
	for (int i = 0; i < MANY; i++) {
		fibers[i] = acquire(store);
		cr_assert(fibers[i]->is_small);
		cr_assert_null(fibers[i]->slots[-1].run, "F1");
		cr_assert_null(fibers[i]->slots[0].run, "F3");
		cr_assert_null(fibers[i]->slots[1].run, "F2");
		cr_assert_eq(fibers[i]->poll_end, fibers[i]->slots, "each spawn would take the slow path");
	}
	for (int round = 1; round <= 2; round++) {
		for (int i = 0; i < MANY; i++)
			enter(fibers[i]);
		for (int i = 0; i < MANY; i++)
			cr_assert_eq(fibers[i]->saved_errno, round, "%d", i);
	}
	sk_fiber_store_destroy(store);
}

Test(fiber, idle_small_fibers_come_in_batches)
{
	sk_fiber_store *store = create_small();
	unsigned count, made;
	sk_fiber *list = NULL;
	for (int i = 0; i < 10; i++) {
		sk_fiber *fiber = acquire(store);
		fiber->next = list;
		list = fiber;
	}
	sk_fiber_recycle_all(store, list);
	list = sk_fiber_acquire_some(store, -1, 4, &count, &made);
	cr_assert_eq(count, 4);
	cr_assert_eq(made, 0);
	for (; list; list = list->next)
		count--;
	cr_assert_eq(count, 0);
	sk_fiber_acquire_some(store, -1, 100, &count, &made);
	cr_assert_eq(count, 6);
	cr_assert_eq(made, 0);
	cr_assert_eq(sk_fiber_count(store), 10);
	sk_fiber_store_destroy(store);
}

Test(fiber, new_small_fibers_come_bare_and_few_while_there_are_few)
{
	sk_fiber_store *store = create_small();
	unsigned count, made;
	size_t before = 0;
	for (int i = 0; i < 200; i++) {
		sk_fiber *list = sk_fiber_acquire_some(store, -1, 8, &count, &made);
		cr_assert_eq(count, made);
		cr_assert_eq(sk_fiber_count(store), before + made);
		cr_assert(made >= 1 && made <= 8 && made <= before / 4 + 1, "%u after %zu", made, before);
		before += made;
		for (sk_fiber *fiber = list, *next; fiber; fiber = next, count--) {
			next = fiber->next;
			cr_assert(fiber->is_bare);
			sk_fiber_furnish(store, fiber);
			cr_assert_not(fiber->is_bare);
			enter(fiber);
			cr_assert_eq(fiber->saved_errno, 1);
		}
		cr_assert_eq(count, 0);
	}
	if (sk_stack_region_can_be_guarded())
		cr_assert_geq(before, 800);
	else
		cr_assert_eq(before, 200, "where each guard costs mappings none is made in advance");
	sk_fiber_store_destroy(store);
}

/* Each has had a stack, and all are idle. */
static void use_once(sk_fiber_store *store, sk_fiber **fibers, int count)
{
	for (int i = 0; i < count; i++)
		enter(fibers[i] = acquire(store));
	for (int i = 0; i < count; i++)
		sk_fiber_recycle(store, fibers[i]);
}

static int bare_of(sk_fiber **fibers, int count)
{
	int bare = 0;
	for (int i = 0; i < count; i++)
		bare += fibers[i]->is_bare;
	return bare;
}

static size_t trim(sk_fiber_store *store, size_t keep)
{
	bool is_over;
	size_t left = sk_fiber_trim(store, keep, SIZE_MAX, &is_over);
	cr_assert(is_over);
	return left;
}

Test(fiber, stacks_are_given_back_a_few_at_a_time)
{
	enum { MANY = 100 };
	sk_fiber_store *store = create_small();
	sk_fiber *fibers[MANY];
	bool is_over;
	use_once(store, fibers, MANY);
	cr_assert_eq(trim(store, 10), MANY - 10);
	for (size_t left = MANY; left >= 40; left -= 30) {
		cr_assert_eq(sk_fiber_trim(store, 10, 30, &is_over), left - 40);
		cr_assert_eq(is_over, left - 40 == 0);
	}
	cr_assert_eq(bare_of(fibers, MANY), MANY - 10);
	enter(acquire(store)); /* one of those that still have a stack */
	cr_assert_eq(sk_fiber_trim(store, 0, 8, &is_over), 1);
	cr_assert_not(is_over, "nine were not needed");
	acquire(store);
	cr_assert_eq(sk_fiber_trim(store, 0, 8, &is_over), 0);
	cr_assert(is_over, "the ninth was needed after all");
	sk_fiber_store_destroy(store);
}

Test(fiber, the_stacks_of_small_fibers_that_nobody_needs_are_given_back)
{
	enum { MANY = 100 };
	sk_fiber_store *store = create_small();
	sk_fiber *fibers[MANY];
	use_once(store, fibers, MANY);
	cr_assert_eq(trim(store, 10), MANY - 10, "they were needed since the last time, that is, ever");
	cr_assert_eq(trim(store, 10), 0);
	cr_assert_eq(bare_of(fibers, MANY), MANY - 10);
	for (int i = 0; i < MANY; i++) {
		sk_fiber *fiber = acquire(store);
		cr_assert_not(fiber->is_bare);
		enter(fiber);
		cr_assert_eq(fiber->saved_errno, 2, "it runs, from the beginning or on");
	}
	cr_assert_eq(sk_fiber_count(store), MANY, "no new ones");
	cr_assert_eq(trim(store, 0), 0, "none is idle");
	sk_fiber_store_destroy(store);
}

Test(fiber, a_store_ends_with_stacks_that_were_given_back)
{
	sk_fiber_store *store = create_small();
	sk_fiber *first = acquire(store), *second = acquire(store);
	sk_fiber_recycle(store, first);
	sk_fiber_recycle(store, second);
	cr_assert_eq(trim(store, 1), 1);
	cr_assert_eq(trim(store, 1), 0);
	cr_assert_neq(first->is_bare, second->is_bare);
	sk_fiber_store_destroy(store);
}
