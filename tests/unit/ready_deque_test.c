/* SPDX-License-Identifier: Apache-2.0 */
/* The ready deque. What its owner keeps for itself: ready_deque_kept_test.c. */
#include "numbered_deque.h"

#include <criterion/criterion.h>

/* --- one thread --- */

Test(ready_deque, smoke)
{
	deque d;
	begin(&d, 0);
	sk_ready_thief thief = { &d.deque };
	cr_assert(sk_ready_deque_seen_empty(thief));
	cr_assert_eq(take_now(&d), 0);
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), 0);
	cr_assert_eq(sk_ready_deque_steal_soon(thief), 0);
	for (int i = 0; i < 3; i++)
		push(&d);
	cr_assert_not(sk_ready_deque_seen_empty(thief));
	cr_assert_eq(take_now(&d), entry_of(0), "the oldest");
	push_soon(&d);
	cr_assert_eq(sk_ready_deque_soon_seen(thief), soon_of(3));
	push_soon(&d);
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(4), "the newest is the next one");
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), 0);
	cr_assert_eq(take_now(&d), entry_of(1));
	cr_assert_eq(take_now(&d), entry_of(2));
	cr_assert_eq(take_now(&d), soon_of(3), "the one before it stands at the end of the queue");
	push_soon(&d);
	cr_assert_not(sk_ready_deque_seen_empty(thief));
	cr_assert(sk_ready_deque_queue_seen_empty(thief));
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(5));
	end(&d);
}

Test(ready_deque, half_of_it_is_taken_at_once_and_not_more_than_wanted)
{
	deque d;
	begin(&d, 0);
	sk_ready_thief thief = { &d.deque };
	sk_entry some[SOME];
	bool lost;
	cr_assert_eq(sk_ready_deque_take_some(thief, some, SOME, &lost), 0);
	cr_assert_not(lost);
	uint64_t room = sk_ready_deque_room(&d.deque);
	cr_assert_geq(room, 4);
	for (int i = 0; i < 3; i++)
		push(&d);
	cr_assert_eq(sk_ready_deque_room(&d.deque), room - 3);
	cr_assert_eq(sk_ready_deque_take_some(thief, some, SOME, &lost), 2, "half of three, rounded up");
	cr_assert_eq(some[0], entry_of(0));
	cr_assert_eq(some[1], entry_of(1));
	cr_assert_eq(sk_ready_deque_take_some(thief, some, SOME, &lost), 1);
	cr_assert_eq(some[0], entry_of(2));
	for (int i = 0; i < 20; i++)
		push(&d);
	cr_assert_eq(sk_ready_deque_take_some(thief, some, 3, &lost), 3);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(some[i], entry_of(3 + i));
	while (take_now(&d))
		;
	end(&d);
}

Test(ready_deque, an_entry_keeps_its_pointer_and_its_kind)
{
	static const enum sk_entry_kind kinds[] = { SK_ENTRY_FIBER, SK_ENTRY_ROOT, SK_ENTRY_SLOTS, SK_ENTRY_START };
	uint64_t thing;
	for (size_t i = 0; i < 4; i++) {
		sk_entry entry = sk_entry_make(kinds[i], &thing);
		cr_assert_eq(sk_entry_kind_of(entry), kinds[i]);
		cr_assert_eq(sk_entry_pointer(entry), (void *)&thing);
	}
}

Test(ready_deque, an_entry_of_another_kind_is_seen_wherever_it_stands)
{
	uint64_t things[40];
	sk_ready_deque ready;
	sk_ready_thief thief = { &ready };
	for (int at = -1; at < 40; at++) {
		cr_assert_eq(sk_ready_deque_init(&ready), 0);
		cr_assert_not(sk_ready_deque_seen_other(thief, SK_ENTRY_SLOTS), "it is empty");
		for (int i = 0; i < 40; i++) {
			enum sk_entry_kind kind = i == at ? SK_ENTRY_FIBER : SK_ENTRY_SLOTS;
			sk_ready_deque_push(&ready, sk_entry_make(kind, &things[i]));
		}
		cr_assert_eq(sk_ready_deque_seen_other(thief, SK_ENTRY_SLOTS), at >= 0, "at %d", at);
		cr_assert(sk_ready_deque_seen_other(thief, SK_ENTRY_ROOT));
		sk_ready_deque_destroy(&ready);
	}
}

Test(ready_deque, first_in_first_out)
{
	const size_t count = 10000;
	deque d;
	begin(&d, 0);
	for (size_t i = 0; i < count; i++)
		push(&d);
	for (size_t i = 0; i < count; i++)
		SURELY(take_now(&d) == entry_of(i), "entry %zu is the oldest", i);
	end(&d);
}

/* Begins where the indices soon wrap around; they differ from those of a deque that has just been made. */
static void move_indices(deque *d, uint64_t index)
{
	sk_store_relaxed(&d->deque.top, index);
	sk_store_relaxed(&d->deque.bottom, index);
}

Test(ready_deque, wraparound)
{
	for (uint64_t before = 0; before < 140; before += 7) {
		deque d;
		begin(&d, 0);
		move_indices(&d, UINT64_MAX - before);
		/* grows on either side of the wrap-around */
		for (int i = 0; i < 130; i++)
			push(&d);
		for (size_t i = 0; i < 65; i++) {
			SURELY(take_now(&d) == entry_of(2 * i), "oldest %zu, %d before the end", i, (int)before);
			SURELY(take_now(&d) == entry_of(2 * i + 1), "the next, %d before the end", (int)before);
		}
		cr_assert_eq(take_now(&d), 0);
		end(&d);
	}
}

Test(ready_deque, wraparound_under_theft)
{
	for (unsigned round = 0; round < 20; round++) {
		const size_t count = CROWD_ROUNDS(3000);
		deque d;
		crowd thieves;
		begin(&d, count);
		move_indices(&d, UINT64_MAX - count / 2);
		crowd_start(&thieves, 2, take_until_over, &d);
		for (size_t i = 0; i < count; i++) {
			push(&d);
			if (i % 3 == 0)
				take(&d);
		}
		while (take(&d))
			;
		stop(&d, &thieves);
		end(&d);
	}
}

/* --- races --- */

Test(ready_deque, one_to_one)
{
	const size_t count = CROWD_ROUNDS(500000);
	deque d;
	crowd thieves;
	begin(&d, count);
	crowd_start(&thieves, 1, take_until_over, &d);
	for (size_t i = 0; i < count; i++)
		push(&d);
	stop(&d, &thieves);
	cr_assert_eq(sk_load_relaxed(&d.thefts[0]), count, "the owner took nothing, so the thief got all");
	end(&d);
}

Test(ready_deque, last_task)
{
	const size_t count = CROWD_ROUNDS(2000000);
	deque d;
	crowd thieves;
	begin(&d, count);
	d.patience = 1000;
	crowd_start(&thieves, 1, take_until_over, &d);
	for (size_t i = 0; i < count; i++) {
		if (i % 2)
			push(&d);
		else
			push_soon(&d);
		take(&d);
		if (i % 4 == 0)
			SURELY(!take(&d), "one was pushed, and it is gone by now");
	}
	stop(&d, &thieves);
	end(&d);
}

Test(ready_deque, grow_under_theft)
{
	const size_t count = CROWD_ROUNDS(20000);
	for (unsigned round = 0; round < 20; round++) {
		deque d;
		crowd thieves;
		begin(&d, count);
		crowd_start(&thieves, 3, take_until_over, &d);
		for (size_t i = 0; i < count; i++)
			push(&d);
		while (take(&d))
			;
		stop(&d, &thieves);
		end(&d);
	}
}

Test(ready_deque, stampede)
{
	const size_t count = CROWD_ROUNDS(100000);
	deque d;
	crowd thieves;
	begin(&d, count);
	for (size_t i = 0; i < count; i++)
		push(&d);
	crowd_start(&thieves, 6, take_until_over, &d);
	size_t own = 0, next = 0;
	for (sk_entry entry; (entry = take_now(&d)) != 0; own++) {
		SURELY(number_of(entry) >= next, "what one gets is in order");
		next = number_of(entry) + 1;
		tally_mark(&d.tally, number_of(entry));
	}
	stop(&d, &thieves);
	size_t stolen = 0;
	for (unsigned i = 0; i < 6; i++)
		stolen += sk_load_relaxed(&d.thefts[i]);
	cr_assert_eq(stolen, count - own, "the thieves' are the rest");
	end(&d);
}

/* Ends when each thief has got something; otherwise never. */
Test(ready_deque, no_starvation)
{
	const unsigned count = 4;
	deque d;
	crowd thieves;
	begin(&d, 0);
	d.naps = true;
	crowd_start(&thieves, count, take_until_over, &d);
	for (bool all = false; !all;) {
		for (int i = 0; i < 100; i++)
			push(&d);
		/* in turns it competes with them and leaves them the field */
		let_others_run(&d);
		while (d.next % 200 == 0 && !sk_ready_deque_seen_empty((sk_ready_thief){ &d.deque }))
			let_others_run(&d);
		while (take(&d))
			;
		all = true;
		for (unsigned i = 0; i < count; i++)
			all = all && sk_load_relaxed(&d.thefts[i]) >= 10;
	}
	stop(&d, &thieves);
	tally_expect_total(&d.tally, d.next);
	end(&d);
}

Test(ready_deque, exactly_once)
{
	const size_t count = CROWD_ROUNDS(1000000);
	deque d;
	crowd thieves;
	begin(&d, count);
	crowd_start(&thieves, 3, take_until_over, &d);
	push_and_take(&d, count, 0);
	stop(&d, &thieves);
	end(&d);
}
