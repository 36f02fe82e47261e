/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail: each letter is taken once, by its addressee, a thief or its sender; with boxes alone here, and in a runtime
 * whose workers find them.
 */
#include "sched/mail.h"

#include "crowd.h"
#include "sched/join.h"
#include "started.h"
#include "sys/clock.h"

#include <string.h>

/* --- boxes by hand --- */

static sk_pool pool_;
static sk_worker owner = { .pool = &pool_ }, sender_worker = { .pool = &pool_, .index = 1 };
static sk_fiber sender = { .worker = &sender_worker };

static void no_task(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)slot;
	(void)fiber;
	(void)head;
}

Test(mail, nobody_sends_to_who_does_not_look_for_work)
{
	sk_letter letter = { .slot.run = no_task };
	cr_assert_not(sk_mail_send(&sender, &letter, &owner), "shut from the beginning");
	sk_mail_open(&owner);
	cr_assert(sk_mail_is_open(&owner));
	cr_assert(sk_mail_shut(&owner));
	cr_assert_not(sk_mail_send(&sender, &letter, &owner));
	cr_assert(sk_mail_shut(&owner), "shut twice");
}

Test(mail, a_letter_brings_its_task_and_is_taken_once)
{
	struct sk_scope *scope = (void *)&owner;
	sk_letter letter = { .slot.run = no_task };
	sk_work work;
	sender.scope = scope;
	sk_mail_open(&owner);
	cr_assert_not(sk_mail_take(&owner, &work), "none yet");
	cr_assert(sk_mail_send(&sender, &letter, &owner));
	cr_assert(sk_mail_seen(&owner));
	cr_assert_not(sk_mail_is_open(&owner));
	cr_assert_not(sk_mail_send(&sender, &letter, &owner), "a box holds one");
	cr_assert(sk_mail_take(&owner, &work));
	cr_assert_eq(work.kind, SK_WORK_STOLEN);
	cr_assert_eq(work.stolen.slot, &letter.slot);
	cr_assert_eq(work.stolen.run, no_task);
	cr_assert_eq(work.stolen.scope, scope);
	cr_assert(work.stolen.by_mail);
	cr_assert_not(sk_mail_take_back(&letter));
	cr_assert_not(sk_mail_take_from(&owner, &work));
	cr_assert(sk_mail_shut(&owner));
}

Test(mail, the_sender_takes_back_what_nobody_took)
{
	sk_letter letter = { .slot.run = no_task };
	sk_work work;
	sk_mail_open(&owner);
	cr_assert(sk_mail_send(&sender, &letter, &owner));
	cr_assert(sk_mail_take_back(&letter));
	cr_assert_not(sk_mail_take(&owner, &work));
	cr_assert_not(sk_mail_take_back(&letter));
	cr_assert(sk_mail_shut(&owner), "it went before");
}

Test(mail, an_owner_that_goes_to_work_is_told_of_a_letter_it_leaves)
{
	sk_letter letter = { .slot.run = no_task };
	sk_work work;
	sk_mail_open(&owner);
	cr_assert(sk_mail_send(&sender, &letter, &owner));
	cr_assert_not(sk_mail_shut(&owner));
	cr_assert(sk_mail_shut(&owner), "once");
	cr_assert(sk_mail_take_from(&owner, &work), "a thief finds it");
	sk_mail_open(&owner);
	cr_assert(sk_mail_is_open(&owner));
}

Test(mail, the_thread_in_the_seat_takes_letters_of_its_own_root_only)
{
	struct sk_root *own = (void *)&pool_, *other = (void *)&owner;
	sk_letter letter = { .slot.run = no_task };
	sk_work work;
	owner.seat_root = own;
	sk_mail_open(&owner);
	sk_store_relaxed(&sender.root, other);
	cr_assert_not(sk_mail_send(&sender, &letter, &owner));
	sk_store_relaxed(&sender.root, own);
	cr_assert(sk_mail_send(&sender, &letter, &owner));
	cr_assert(sk_mail_take(&owner, &work));
	/* One that was sent to the stand-in is still there when the seat changes hands. */
	owner.seat_root = NULL;
	sk_mail_open(&owner);
	sk_store_relaxed(&sender.root, other);
	cr_assert(sk_mail_send(&sender, &letter, &owner));
	cr_assert_not(sk_mail_shut(&owner));
	owner.seat_root = own;
	sk_mail_open(&owner);
	cr_assert_not(sk_mail_take(&owner, &work));
	owner.seat_root = NULL;
	cr_assert(sk_mail_take(&owner, &work));
}

/* --- races for one box --- */

/* As many as are sent in so long, where others have the cores: each waits for threads that may not be running. */
#define LETTERS 20000u
#define SECONDS 2

static SK_ATOMIC(uint64_t) taken_back, taken, stolen;
static flag over;

static void race(void *arg, unsigned index)
{
	(void)arg;
	sk_work work;
	if (index == 0) { /* the owner: opens, takes, shuts, as it goes */
		for (unsigned i = 0; !sk_load_acquire(&over); i++) {
			sk_mail_open(&owner);
			if (i % 3 && sk_mail_take(&owner, &work))
				sk_add_seq_cst(&taken, *(uint64_t *)(void *)work.stolen.slot->bytes);
			if (i % 2)
				sk_mail_shut(&owner);
		}
		return;
	}
	while (!sk_load_acquire(&over)) /* a thief */
		if (sk_mail_take_from(&owner, &work))
			sk_add_seq_cst(&stolen, *(uint64_t *)(void *)work.stolen.slot->bytes);
}

Test(mail, owner_thief_and_sender_share_the_letters_among_them)
{
	static sk_letter letter[64];
	crowd others;
	unsigned count = CROWD_ROUNDS(LETTERS);
	uint64_t sum = 0, until = sk_clock_ns() + SECONDS * UINT64_C(1000000000);
	crowd_start(&others, 2, race, NULL);
	for (unsigned i = 0; i < count && sk_clock_ns() < until; i++) {
		/* A letter may be used again when it is known to be taken: the sums tell. */
		sk_letter *own = &letter[i % 64];
		own->slot.run = no_task;
		uint64_t value = i + 1;
		memcpy(own->slot.bytes, &value, sizeof value);
		while (!sk_mail_send(&sender, own, &owner))
			sched_yield();
		sum += value;
		for (unsigned spins = i % 50; spins > 0; spins--)
			sk_spin_hint();
		if (sk_mail_take_back(own))
			sk_add_seq_cst(&taken_back, value);
		else
			while (sk_load_acquire(&taken) + sk_load_acquire(&stolen) + sk_load_relaxed(&taken_back) < sum)
				sched_yield();
	}
	flag_raise(&over);
	crowd_join(&others);
	cr_assert_eq(sk_load_acquire(&taken) + sk_load_acquire(&stolen) + sk_load_relaxed(&taken_back), sum);
}

/* --- in a runtime --- */

typedef struct parcel {
	sk_letter letter;
	flag begun, may_end;
} parcel;

/* Reached by its slot, which stands first. */
static void run_parcel(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	parcel *p = (parcel *)(void *)slot;
	flag_raise(&p->begun);
	flag_await(&p->may_end);
	memcpy(slot->bytes, "done", 5);
}

/* Wakes somebody if all sleep: letters do not. */
static void send_to_anybody(sk_fiber *fiber, sk_letter *letter)
{
	sk_worker *self = fiber->worker;
	for (unsigned i = 0;; i = (i + 1) % self->pool->worker_count) {
		if (i != self->index && sk_mail_send(fiber, letter, &self->pool->workers[i]))
			return;
		if (i == 0) {
			sk_idle_notify(&self->pool->idle, self->index);
			sched_yield();
		}
	}
}

/* The other way round: it was taken back, and is run here. */
static void run_here(sk_fiber *fiber, parcel *p)
{
	flag_raise(&p->may_end);
	run_parcel(&p->letter.slot, fiber, NULL);
}

/* Every other letter is left to others, who must come for it: the sender does nothing for it until it has begun. */
SKUA_TASK(int, sends, int, rounds)
{
	int by_others = 0;
	for (int i = 0; i < rounds; i++) {
		parcel p = { .letter.slot.run = run_parcel };
		send_to_anybody(sk_fiber_, &p.letter);
		if (i % 2)
			flag_await(&p.begun);
		else if (i % 4)
			sched_yield();
		if (sk_mail_take_back(&p.letter)) {
			run_here(sk_fiber_, &p);
		} else {
			by_others++;
			flag_await(&p.begun);
			flag_raise(&p.may_end);
			if (i % 3) /* it ends before the sender comes to wait, or while it does */
				sched_yield();
			sk_join_letter(sk_fiber_, &p.letter, i % 5 == 0);
		}
		SURELY(memcmp(p.letter.slot.bytes, "done", 5) == 0, "round %d", i);
	}
	return by_others;
}

static void letters(void)
{
	int rounds = (int)CROWD_ROUNDS(1000), by_others = SKUA_RUN(sends, rounds);
	cr_assert_geq(by_others, rounds / 2);
}

Test(mail, letters_reach_workers_that_look_for_work_and_are_not_forgotten_by_others)
{
	with_workers(2, 4, letters);
}
