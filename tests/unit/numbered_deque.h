/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ready deque for tests. Entries are tagged numbers (never 0), so that loss, doubling and order are seen: what any
 * one taker gets from the queue comes in the order in which it was pushed. Entries that are to be the next have numbers
 * of their own kind, since their order is another.
 */
#ifndef NUMBERED_DEQUE_H
#define NUMBERED_DEQUE_H

#include "sched/ready_deque.h"

#include "crowd.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#define SOME 5u /* taken at once, at most */

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

static inline sk_entry entry_of(size_t number)
{
	return (sk_entry)(number + 1) << 3 | SK_ENTRY_ROOT;
}

/* The same number, pushed as the next one. */
static inline sk_entry soon_of(size_t number)
{
	return (sk_entry)(number + 1) << 3 | SK_ENTRY_FIBER;
}

static inline size_t number_of(sk_entry entry)
{
	return (size_t)(entry >> 3) - 1;
}

static inline void begin(deque *d, size_t entries)
{
	memset(d, 0, sizeof *d);
	cr_assert_eq(sk_ready_deque_init(&d->deque), 0);
	d->tally = tally_create(entries);
}

static inline sk_entry take_now(deque *d)
{
	sk_entry entry;
	bool lost;
	do
		entry = sk_ready_deque_take((sk_ready_thief){ &d->deque }, &lost);
	while (!entry && lost);
	return entry;
}

static inline void end(deque *d)
{
	cr_assert_eq(take_now(d), 0, "nothing is left");
	cr_assert(sk_ready_deque_seen_empty((sk_ready_thief){ &d->deque }));
	tally_expect_each_once(&d->tally);
	cr_assert_eq(sk_load_relaxed(&d->disorder), 0, "a thief got an older entry after a newer one");
	tally_destroy(&d->tally);
	sk_ready_deque_destroy(&d->deque);
}

static inline void push(deque *d)
{
	SURELY(sk_ready_deque_push(&d->deque, entry_of(d->next)), "there is memory");
	d->next++;
}

static inline void push_soon(deque *d)
{
	SURELY(sk_ready_deque_push_soon(&d->deque, soon_of(d->next)), "there is memory");
	d->next++;
}

/* As the owner: what is to be the next one, else the oldest. */
static inline bool take(deque *d)
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
static inline void let_others_run(const deque *d)
{
	if (d->naps)
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	else
		sched_yield();
}

/* As a thief: every other time several at once. */
static inline unsigned steal(deque *d, sk_entry some[], unsigned turn, bool *lost)
{
	sk_ready_thief thief = { &d->deque };
	if (turn % 2)
		return sk_ready_deque_take_some(thief, some, SOME, lost);
	some[0] = sk_ready_deque_take(thief, lost);
	if (!some[0] && !*lost)
		some[0] = sk_ready_deque_steal_soon(thief);
	return some[0] != 0;
}

static inline void note(deque *d, sk_entry entry, size_t *next, unsigned index)
{
	size_t number = number_of(entry);
	if (sk_entry_kind_of(entry) == SK_ENTRY_ROOT) {
		if (number < *next)
			sk_add_relaxed(&d->disorder, 1);
		*next = number + 1;
	}
	tally_mark(&d->tally, number);
	sk_add_relaxed(&d->thefts[index], 1);
}

static inline void take_until_over(void *arg, unsigned index)
{
	deque *d = arg;
	size_t next = 0; /* no older one may come */
	unsigned looks = 0, empty = 0;
	for (unsigned turn = index;; turn++) {
		bool over = sk_load_acquire(&d->over), lost;
		sk_entry some[SOME];
		unsigned count = steal(d, some, turn, &lost);
		for (unsigned i = 0; i < count; i++)
			note(d, some[i], &next, index);
		empty = count || lost ? 0 : empty + 1;
		if (over && empty >= 2) /* either way of taking has found nothing */
			return;
		if (!count && ++looks > d->patience) {
			let_others_run(d);
			looks = 0;
		}
	}
}

static inline void stop(deque *d, crowd *thieves)
{
	sk_store_release(&d->over, 1);
	crowd_join(thieves);
}

/* What the owner does at random; every so many steps it begins to keep soon for itself, or gives that up. */
static inline void push_and_take(deque *d, size_t count, unsigned keep_period)
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

#endif
