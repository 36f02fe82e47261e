/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail: sched/mail.c, sched/join.c's wait for a letter, sched/idle.c and sys/park as they are. One sends; its addressee
 * looks for work, finds the letter or something else, or parks; a third looks into the boxes of others, and parks. What
 * they do between is sched/search.c in a few lines.
 */
#include "scenarios.h"
#include "sched/join.h"
#include "sched/mail.h"
#include "sched/pool.h"
#include "sys/membarrier.h"
#include "twin_fiber.h"

#define WORKERS 3u
#define SENDER 0u
#define ADDRESSEE 1u

static struct board {
	sk_pool pool;
	twin_fiber place[WORKERS];
	sk_slot slot[WORKERS][2];
	sk_park_word token[WORKERS];
	sk_letter letter[2];
	unsigned letters;
	uint64_t times[2];
	SK_ATOMIC(uint32_t) is_done[2];
	SK_ATOMIC(uint32_t) other; /* something else to do, once, and for ever */
	bool is_over;
} * b;

static void wake(void *arg, unsigned worker)
{
	(void)arg;
	sk_store_release(&b->token[worker], 1); /* edge idle.claim -> : that it counts as a searcher */
	sk_park_wake(&b->token[worker], 1);
}

static void setup_with(unsigned letters, bool has_other, bool membarrier)
{
	b = model_new(sizeof *b);
	b->letters = letters;
	b->pool.membarrier = membarrier;
	b->pool.worker_count = WORKERS;
	sk_idle_init(&b->pool.idle, WORKERS, wake, NULL);
	b->pool.idle.has_barrier = membarrier;
	sk_store_relaxed(&b->other, has_other);
	for (unsigned i = 0; i < WORKERS; i++) {
		twin_fiber *here = &b->place[i];
		here->worker.pool = &b->pool;
		here->worker.index = i;
		here->fiber.worker = &here->worker;
		here->fiber.slots = b->slot[i];
	}
}

static void setup_one(void)
{
	setup_with(1, false, true);
}

static void setup_other(void)
{
	setup_with(1, true, true);
}

static void setup_other_plain(void)
{
	setup_with(1, true, false);
}

static void setup_two(void)
{
	setup_with(2, false, true);
}

static uint64_t *argument_of(sk_slot *slot)
{
	return (uint64_t *)(void *)slot->bytes;
}

static void run_task(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)fiber;
	(void)head;
	uint64_t argument = *argument_of(slot);
	model_check(argument == 1 || argument == 2, "a letter's argument is not there");
	b->times[argument - 1]++;
	*argument_of(slot) = 100 + argument;
	sk_store_release(&b->is_done[argument - 1], 1);
}

/* --- the sender --- */

static bool send(unsigned i)
{
	sk_letter *letter = &b->letter[i];
	letter->slot.run = run_task;
	*argument_of(&letter->slot) = i + 1;
	return sk_mail_send(&b->place[SENDER].fiber, letter, &b->place[ADDRESSEE].worker);
}

static void settle(unsigned i)
{
	sk_letter *letter = &b->letter[i];
	if (sk_mail_take_back(letter))
		run_task(&letter->slot, &b->place[SENDER].fiber, b->slot[SENDER]);
	else
		sk_join_letter(&b->place[SENDER].fiber, letter, false);
	model_check(*argument_of(&letter->slot) == 101 + i, "the result of letter %u is not there", i);
	model_check(b->times[i] == 1, "letter %u was executed %u times", i, (unsigned)b->times[i]);
}

/* Sends one after the other, and settles each. */
static void sends(void)
{
	for (unsigned i = 0; i < b->letters; i++)
		if (send(i))
			settle(i);
	b->is_over = true;
}

/* Sends one, and does not take it back before others have done it. */
static void sends_and_relies(void)
{
	if (send(0)) {
		while (!sk_load_acquire(&b->is_done[0]))
			model_yield();
		settle(0);
	}
	b->is_over = true;
}

/* --- who looks for work --- */

static bool take_other(void)
{
	uint32_t one = 1;
	return sk_load_relaxed(&b->other) && sk_cas_acq_rel(&b->other, &one, 0);
}

static bool anything_to_do(unsigned self)
{
	if (self == ADDRESSEE && sk_load_relaxed(&b->other))
		return true;
	for (unsigned i = 0; i < WORKERS; i++)
		if (sk_mail_seen(&b->place[i].worker))
			return true;
	return false;
}

/* Returns true if there was something to do instead. */
static bool park(unsigned self)
{
	if (!sk_mail_shut(&b->place[self].worker))
		return true;
	sk_idle_park_begin(&b->pool.idle, self); /* P1 */
	if (b->pool.membarrier)
		sk_membarrier(); /* P3 */
	sk_fence_seq_cst();
	if (anything_to_do(self) && sk_idle_park_cancel(&b->pool.idle, self)) /* P4, P5 */
		return true;
	while (!sk_exchange_acquire(&b->token[self], 0)) /* edge -> idle.claim : that it counts as a searcher */
		sk_park_wait(&b->token[self], 0, SK_PARK_FOREVER);
	return false;
}

/* Returns whether it is a letter. */
static bool search(unsigned self, sk_work *work)
{
	sk_worker *worker = &b->place[self].worker;
	bool is_seen = false;
	for (;;) {
		sk_mail_open(worker);
		if (sk_mail_take(worker, work))
			return true;
		if (self == ADDRESSEE && take_other())
			return false;
		for (unsigned i = 0; i < WORKERS; i++)
			if (i != self && sk_mail_take_from(&b->place[i].worker, work))
				return true;
		if (is_seen) /* and yet it got nothing: it breathes until something has changed */
			model_yield();
		is_seen = !is_seen && park(self);
	}
}

/* For ever; it sleeps at the end. */
static void look_around(unsigned self)
{
	for (;;) {
		sk_work work;
		sk_mail_open(&b->place[self].worker);
		sk_idle_declare(&b->pool.idle);
		bool is_letter = search(self, &work);
		if (sk_idle_found(&b->pool.idle))
			sk_idle_notify(&b->pool.idle, self);
		if (!sk_mail_shut(&b->place[self].worker))
			sk_idle_notify(&b->pool.idle, self);
		if (!is_letter)
			return; /* busy for ever */
		sk_join_run_stolen(&b->place[self].fiber, &work.stolen);
	}
}

static bool is_over(void)
{
	return b->is_over;
}

static void finish(void)
{
	for (unsigned i = 0; i < b->letters; i++)
		model_check(b->times[i] <= 1, "letter %u was executed %u times", i, (unsigned)b->times[i]);
}

static void settled(unsigned thread)
{
	if (thread == SENDER)
		sends();
	else
		look_around(thread);
}

static void relied_on(unsigned thread)
{
	if (thread == SENDER)
		sends_and_relies();
	else
		look_around(thread);
}

const model_scenario mail_scenarios[] = {
	{ "mail.one", "a letter, taken or taken back", 2, setup_one, settled, finish, .spurious = 0, .rests = is_over },
	{ "mail.two", "two letters, one after the other", 2, setup_two, settled, finish, .spurious = 0,
	  .preemptions = 4, .stale = 4, .rests = is_over },
	{ "mail.thief", "two letters, and a thief", 3, setup_two, settled, finish, .spurious = 0, .preemptions = 3,
	  .stale = 2, .is_large = true, .rests = is_over },
	{ "mail.left", "the addressee finds other work, and a thief parks", 3, setup_other, relied_on, finish,
	  .spurious = 0, .preemptions = 3, .stale = 2, .rests = is_over },
	{ "mail.plain", "the same, no membarrier", 3, setup_other_plain, relied_on, finish, .spurious = 0,
	  .preemptions = 3, .stale = 2, .is_large = true, .rests = is_over },
	{ 0 },
};
