/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready deque. Entries are tagged numbers (never 0), so that loss, doubling and order are seen: what any one taker
 * gets from the queue comes in the order in which it was pushed. Entries that are to be the next have numbers of their
 * own kind, since their order is another.
 */
#include "sched/ready_deque.h"
#include "sys/membarrier.h"

#include "crowd.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct deque {
	sk_ready_deque deque;
	tally tally;
	size_t next; /* number of the next entry; owner only */
	crowd_counter disorder;
	crowd_counter thefts[CROWD_MAX];
	SK_ATOMIC(uint32_t) over;
	unsigned patience; /* looks of a thief before it lets others have the core */
	bool naps;         /* it sleeps then, instead of yielding */
} deque;

static sk_entry entry_of(size_t number)
{
	return (sk_entry)(number + 1) << 3 | SK_ENTRY_ROOT;
}

/* The same number, pushed as the next one. */
static sk_entry soon_of(size_t number)
{
	return (sk_entry)(number + 1) << 3 | SK_ENTRY_FIBER;
}

static size_t number_of(sk_entry entry)
{
	return (size_t)(entry >> 3) - 1;
}

static void begin(deque *d, size_t entries)
{
	memset(d, 0, sizeof *d);
	cr_assert_eq(sk_ready_deque_init(&d->deque), 0);
	d->tally = tally_create(entries);
}

static sk_entry take_now(deque *d)
{
	sk_entry entry;
	bool lost;
	do
		entry = sk_ready_deque_take((sk_ready_thief){ &d->deque }, &lost);
	while (!entry && lost);
	return entry;
}

static void end(deque *d)
{
	cr_assert_eq(take_now(d), 0, "nothing is left");
	cr_assert(sk_ready_deque_seen_empty((sk_ready_thief){ &d->deque }));
	tally_expect_each_once(&d->tally);
	cr_assert_eq(sk_load_relaxed(&d->disorder), 0, "a thief got an older entry after a newer one");
	tally_destroy(&d->tally);
	sk_ready_deque_destroy(&d->deque);
}

static void push(deque *d)
{
	SURELY(sk_ready_deque_push(&d->deque, entry_of(d->next)), "there is memory");
	d->next++;
}

static void push_soon(deque *d)
{
	SURELY(sk_ready_deque_push_soon(&d->deque, soon_of(d->next)), "there is memory");
	d->next++;
}

/* As the owner: what is to be the next one, else the oldest. */
static bool take(deque *d)
{
	sk_entry entry = sk_ready_deque_take_soon(&d->deque);
	if (!entry)
		entry = take_now(d);
	if (!entry)
		return false;
	tally_mark(&d->tally, number_of(entry));
	return true;
}

/* A kernel may starve one of several threads that only yield, as Linux 6.18 does; not one that slept. */
static void let_others_run(const deque *d)
{
	if (d->naps)
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	else
		sched_yield();
}

static void take_until_over(void *arg, unsigned index)
{
	deque *d = arg;
	size_t next = 0; /* no older one may come */
	unsigned looks = 0;
	for (;;) {
		bool over = sk_load_acquire(&d->over), lost;
		sk_entry entry = sk_ready_deque_take((sk_ready_thief){ &d->deque }, &lost);
		if (!entry && !lost)
			entry = sk_ready_deque_steal_soon((sk_ready_thief){ &d->deque });
		if (!entry) {
			if (over && !lost)
				return;
			if (++looks > d->patience) {
				let_others_run(d);
				looks = 0;
			}
			continue;
		}
		size_t number = number_of(entry);
		if (sk_entry_kind_of(entry) == SK_ENTRY_ROOT) {
			if (number < next)
				sk_add_relaxed(&d->disorder, 1);
			next = number + 1;
		}
		tally_mark(&d->tally, number);
		sk_add_relaxed(&d->thefts[index], 1);
	}
}

static void stop(deque *d, crowd *thieves)
{
	sk_store_release(&d->over, 1);
	crowd_join(thieves);
}

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

/* What the owner does at random; every so many steps it begins to keep soon for itself, or gives that up. */
static void push_and_take(deque *d, size_t count, unsigned keep_period)
{
	uint64_t random = 88172645463325252u;
	bool kept = false;
	for (unsigned step = 0; d->next < count; step++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if (random % 8 < 3)
			push(d);
		else if (random % 8 < 5)
			push_soon(d);
		else
			take(d);
		if (random % 4096 == 0)
			sched_yield();
		if (keep_period && step % keep_period == 0)
			sk_ready_deque_keep_soon(&d->deque, kept = !kept);
	}
	while (take(d))
		;
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

/* --- what the owner keeps for itself --- */

static void need_membarrier(void)
{
	if (!sk_membarrier_start())
		cr_skip_test("membarrier does not work here, and without it nothing is kept");
}

Test(ready_deque, what_is_kept_is_the_owners_and_can_be_stolen)
{
	need_membarrier();
	deque d;
	begin(&d, 0);
	sk_ready_thief thief = { &d.deque };
	cr_assert_not(sk_ready_deque_soon_is_kept(thief));
	sk_ready_deque_keep_soon(&d.deque, true);
	cr_assert(sk_ready_deque_soon_is_kept(thief));
	push_soon(&d);
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(0));
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), 0);
	push_soon(&d);
	cr_assert_eq(sk_ready_deque_steal_soon(thief), soon_of(1));
	cr_assert_eq(sk_ready_deque_steal_soon(thief), 0);
	push_soon(&d);
	sk_ready_deque_keep_soon(&d.deque, false);
	cr_assert_not(sk_ready_deque_soon_is_kept(thief));
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(2));
	end(&d);
}

Test(ready_deque, nobody_steals_what_its_owner_is_about_to_take)
{
	need_membarrier();
	deque d;
	begin(&d, 0);
	sk_ready_thief thief = { &d.deque };
	sk_ready_deque_keep_soon(&d.deque, true);
	push_soon(&d);
	sk_store_relaxed(&d.deque.taking, 1); /* K1 */
	cr_assert_eq(sk_ready_deque_steal_soon(thief), 0);
	cr_assert_eq(sk_load_relaxed(&d.deque.claims), 0, "the claim is over");
	sk_store_relaxed(&d.deque.taking, 0);
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(0));
	end(&d);
}

Test(ready_deque, the_owner_exchanges_while_somebody_claims)
{
	need_membarrier();
	deque d;
	begin(&d, 0);
	sk_ready_deque_keep_soon(&d.deque, true);
	push_soon(&d);
	sk_store_relaxed(&d.deque.claims, 1); /* C1 */
	cr_assert_eq(sk_ready_deque_take_soon(&d.deque), soon_of(0));
	sk_store_relaxed(&d.deque.claims, 0);
	end(&d);
}

static void race_for_what_is_kept(size_t count, unsigned keep_period)
{
	deque d;
	crowd thieves;
	begin(&d, count);
	d.patience = 100;
	if (!keep_period)
		sk_ready_deque_keep_soon(&d.deque, true);
	crowd_start(&thieves, 2, take_until_over, &d);
	push_and_take(&d, count, keep_period);
	stop(&d, &thieves);
	end(&d);
}

Test(ready_deque, what_is_kept_is_taken_exactly_once)
{
	need_membarrier();
	race_for_what_is_kept(CROWD_ROUNDS(300000), 0);
}

Test(ready_deque, what_is_kept_now_and_then_is_taken_exactly_once)
{
	need_membarrier();
	race_for_what_is_kept(CROWD_ROUNDS(300000), 7);
	race_for_what_is_kept(CROWD_ROUNDS(300000), 1000);
}
