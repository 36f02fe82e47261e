/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event count of idle workers: its accounts in one thread, then the races of parking, cancelling and claiming, and
 * at last workers that really sleep: a lost wake-up hangs the test.
 */
#include "sched/idle.h"

#include "crowd.h"
#include "sys/park.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

/* Who was woken: how often, and who was last. */
typedef struct woken {
	crowd_counter count;
	crowd_counter last;
	sk_park_word token[SK_WORKERS_MAX];
} woken;

static woken calls;
static sk_idle idle;

static void wake(void *arg, unsigned worker)
{
	woken *w = arg;
	sk_add_relaxed(&w->count, 1);
	sk_store_relaxed(&w->last, worker);
	sk_store_release(&w->token[worker], 1);
	sk_park_wake(&w->token[worker], 1);
}

static void begin(unsigned workers)
{
	memset(&calls, 0, sizeof calls);
	sk_idle_init(&idle, workers, wake, &calls);
}

static void expect_counts(uint32_t hungry, uint32_t searching)
{
	cr_assert_eq(sk_idle_hungry(&idle), hungry, "%u are hungry, not %u", sk_idle_hungry(&idle), hungry);
	cr_assert_eq(sk_idle_hungry_sure(&idle), hungry);
	cr_assert_eq(sk_idle_searching(&idle), searching, "%u search, not %u", sk_idle_searching(&idle), searching);
}

static void park(unsigned worker)
{
	sk_idle_declare(&idle);
	sk_idle_park_begin(&idle, worker);
}

static void expect_woken(uint32_t count, uint32_t last)
{
	uint32_t calls_count = sk_load_relaxed(&calls.count), calls_last = sk_load_relaxed(&calls.last);
	cr_assert_eq(calls_count, count, "%u were woken, not %u", calls_count, count);
	cr_assert_eq(calls_last, last, "worker %u, not %u", calls_last, last);
}

/* --- accounts --- */

Test(idle, the_last_searcher_that_finds_work_is_told_so)
{
	begin(3);
	expect_counts(0, 0);
	sk_idle_declare(&idle);
	sk_idle_declare(&idle);
	expect_counts(2, 2);
	cr_assert_not(sk_idle_found(&idle), "another one searches");
	expect_counts(1, 1);
	cr_assert(sk_idle_found(&idle));
	expect_counts(0, 0);
}

Test(idle, who_parks_stays_hungry_and_no_longer_searches)
{
	begin(3);
	cr_assert_not(sk_idle_sleeper_seen(&idle));
	park(1);
	expect_counts(1, 0);
	cr_assert(sk_idle_sleeper_seen(&idle));
	cr_assert(sk_idle_park_cancel(&idle, 1), "nobody has claimed it");
	expect_counts(1, 1);
	cr_assert_not(sk_idle_sleeper_seen(&idle));
	cr_assert(sk_idle_found(&idle));
	expect_counts(0, 0);
}

Test(idle, notifying_wakes_exactly_one_and_counts_it_as_searching)
{
	begin(4);
	for (unsigned i = 0; i < 4; i++)
		park(i);
	expect_counts(4, 0);
	cr_assert(sk_idle_notify(&idle, 2));
	expect_woken(1, 2);
	expect_counts(4, 1);
	cr_assert_not(sk_idle_notify(&idle, 2), "one is on its way");
	expect_woken(1, 2);
	cr_assert_not(sk_idle_park_cancel(&idle, 2), "it was claimed, and its token is there");
	expect_counts(4, 1);
	cr_assert(sk_idle_found(&idle), "it was the last searcher: it has to notify");
	cr_assert(sk_idle_notify(&idle, 2));
	cr_assert_eq(sk_load_relaxed(&calls.count), 2);
	cr_assert_neq(sk_load_relaxed(&calls.last), 2);
}

Test(idle, notifying_wakes_nobody_while_one_searches_or_when_none_sleeps)
{
	begin(3);
	cr_assert_not(sk_idle_notify(&idle, 0));
	expect_counts(0, 0);
	park(1);
	sk_idle_declare(&idle);
	cr_assert_not(sk_idle_notify(&idle, 0), "a searcher sees the work");
	cr_assert_eq(sk_load_relaxed(&calls.count), 0);
	expect_counts(2, 1);
}

Test(idle, an_owner_finds_a_sleeper_among_more_than_a_word_has)
{
	for (int has_barrier = 0; has_barrier < 2; has_barrier++) {
		begin(70);
		idle.has_barrier = has_barrier;
		cr_assert_not(sk_idle_notify_owner(&idle, 3), "nobody sleeps");
		park(69);
		cr_assert(sk_idle_notify_owner(&idle, 3));
		expect_woken(1, 69);
	}
}

Test(idle, a_sleeper_near_the_notifier_is_preferred)
{
	static const unsigned sleepers[] = { 1, 5, 70, 130, 1023 };
	static const struct {
		unsigned near, woken;
	} cases[] = {
		{ 1, 1 }, { 5, 5 }, { 2, 5 }, { 64, 70 }, { 71, 70 }, { 128, 130 }, { 1000, 1023 }, { 200, 1023 }
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin(SK_WORKERS_MAX);
		for (size_t j = 0; j < 5; j++)
			park(sleepers[j]);
		cr_assert(sk_idle_notify(&idle, cases[i].near));
		expect_woken(1, cases[i].woken);
	}
}

Test(idle, every_sleeper_of_many_is_woken_once_by_as_many_calls)
{
	begin(SK_WORKERS_MAX);
	tally once = tally_create(SK_WORKERS_MAX);
	for (unsigned i = 0; i < SK_WORKERS_MAX; i++)
		park(i);
	for (unsigned i = 0; i < SK_WORKERS_MAX; i++) {
		SURELY(sk_idle_notify(&idle, i * 37 % SK_WORKERS_MAX), "there are sleepers");
		tally_mark(&once, sk_load_relaxed(&calls.last));
		SURELY(sk_idle_found(&idle), "the woken one alone searches");
	}
	tally_expect_each_once(&once);
	cr_assert_not(sk_idle_notify(&idle, 0), "all are awake");
	expect_counts(0, 0);
	tally_destroy(&once);
}

Test(idle, a_directed_wake_wakes_this_very_worker_even_while_others_search)
{
	begin(8);
	park(3);
	park(5);
	sk_idle_declare(&idle);
	sk_idle_wake(&idle, 5);
	expect_woken(1, 5);
	expect_counts(3, 2);
	sk_idle_wake(&idle, 5);
	sk_idle_wake(&idle, 6);
	expect_woken(1, 5);
	expect_counts(3, 2);
}

Test(idle, the_vacant_seat_can_be_woken_without_being_hungry)
{
	begin(2);
	sk_idle_offer(&idle, 0);
	expect_counts(0, 0);
	cr_assert(sk_idle_retract(&idle, 0));
	cr_assert_not(sk_idle_retract(&idle, 0), "it is gone");
	sk_idle_offer(&idle, 0);
	cr_assert(sk_idle_notify(&idle, 1));
	expect_woken(1, 0);
	cr_assert_not(sk_idle_retract(&idle, 0), "the token is on its way");
	expect_counts(0, 1);
	sk_idle_hungry_add(&idle, 1);
	expect_counts(1, 1);
	cr_assert(sk_idle_found(&idle), "the woken one was the last searcher");
	expect_counts(0, 0);
}

/* --- races --- */

static void notify_once(void *arg, unsigned index)
{
	crowd_counter *woke = arg;
	if (sk_idle_notify(&idle, index))
		sk_add_relaxed(woke, 1);
}

Test(idle, of_many_notifiers_at_once_one_wakes_one)
{
	for (unsigned round = 0; round < CROWD_ROUNDS(200); round++) {
		crowd_counter woke = SK_ATOMIC_INIT(0);
		crowd notifiers;
		begin(8);
		for (unsigned i = 0; i < 8; i++)
			park(i);
		crowd_start(&notifiers, 4, notify_once, &woke);
		crowd_join(&notifiers);
		SURELY(sk_load_relaxed(&woke) == 1 && sk_load_relaxed(&calls.count) == 1, "%u were woken",
		       sk_load_relaxed(&calls.count));
		SURELY(sk_idle_searching(&idle) == 1, "one is on its way");
	}
}

static void await_token(unsigned worker)
{
	sk_park_word *token = &calls.token[worker];
	while (!sk_exchange_acquire(token, 0))
		sk_park_wait(token, 0, SK_PARK_FOREVER);
}

static crowd_counter over, claimed;

/* Parks and cancels without end: each cancel that comes too late has its token. */
static void park_and_cancel(void *arg, unsigned index)
{
	(void)arg;
	sk_idle_declare(&idle);
	for (unsigned i = 0; i < CROWD_ROUNDS(50000); i++) {
		sk_idle_park_begin(&idle, index);
		if (i % 16 == 0)
			sched_yield();
		if (sk_idle_park_cancel(&idle, index))
			continue;
		await_token(index);
		sk_add_relaxed(&claimed, 1);
	}
	sk_idle_found(&idle);
	sk_add_acq_rel(&over, 1);
}

static void notify_on(void *arg, unsigned index)
{
	(void)arg;
	while (sk_load_acquire(&over) < 2) {
		if (index % 2)
			sk_idle_notify(&idle, 0);
		else
			sk_idle_wake(&idle, 1);
	}
}

static void park_or_notify(void *arg, unsigned index)
{
	if (index < 2)
		park_and_cancel(arg, index);
	else
		notify_on(arg, index);
}

Test(idle, each_claim_that_beats_a_cancel_brings_a_token_and_each_token_is_a_claim)
{
	crowd threads;
	begin(2);
	crowd_start(&threads, 4, park_or_notify, NULL);
	crowd_join(&threads);
	cr_assert_eq(sk_load_relaxed(&claimed), sk_load_relaxed(&calls.count));
	cr_assert_eq(sk_load_relaxed(&calls.token[0]) + sk_load_relaxed(&calls.token[1]), 0, "no token is left");
	expect_counts(0, 0);
	cr_assert_not(sk_idle_sleeper_seen(&idle));
}

/* --- workers that sleep --- */

static crowd_counter items, taken, ended;

static bool take_item(void)
{
	uint32_t seen = sk_load_relaxed(&items);
	while (seen > 0)
		if (sk_cas_acq_rel(&items, &seen, seen - 1))
			return true;
	return false;
}

/* The protocol of the head of idle.h, with the items for work. */
static void work(unsigned worker, void (*use)(void))
{
	bool searching = false;
	while (!sk_load_acquire(&ended)) {
		if (take_item()) {
			if (searching && sk_idle_found(&idle))
				sk_idle_notify(&idle, worker);
			searching = false;
			use();
		} else if (!searching) {
			sk_idle_declare(&idle);
			searching = true;
		} else {
			sk_idle_park_begin(&idle, worker);
			sk_fence_seq_cst();
			if (sk_load_relaxed(&items) == 0 && !sk_load_relaxed(&ended))
				await_token(worker);
			else if (!sk_idle_park_cancel(&idle, worker))
				await_token(worker);
		}
	}
	if (searching)
		sk_idle_found(&idle);
}

static void use_at_once(void)
{
	sk_add_acq_rel(&taken, 1);
}

static void work_at_once(void *arg, unsigned index)
{
	(void)arg;
	work(index, use_at_once);
}

static void end_work(crowd *workers)
{
	sk_store_seq_cst(&ended, 1);
	for (unsigned i = 0; i < workers->count; i++)
		sk_idle_wake(&idle, i);
	crowd_join(workers);
	expect_counts(0, 0);
	cr_assert_not(sk_idle_sleeper_seen(&idle));
}

static void produce(void *arg, unsigned index)
{
	(void)index;
	for (unsigned i = 0; i < *(unsigned *)arg; i++) {
		sk_add_relaxed(&items, 1); /* relaxed: the notify has the fence */
		sk_idle_notify(&idle, i % 4);
		/* wait until they sleep again, now and then */
		for (int pause = 0; i % 8 == 0 && pause < 3; pause++)
			sched_yield();
	}
}

static void expect_no_wake_up_lost(unsigned worker_count, unsigned producer_count)
{
	unsigned each = CROWD_ROUNDS(20000);
	crowd workers, producers;
	begin(worker_count);
	crowd_start(&workers, worker_count, work_at_once, NULL);
	crowd_start(&producers, producer_count, produce, &each);
	crowd_join(&producers);
	while (sk_load_acquire(&taken) < each * producer_count)
		sched_yield();
	end_work(&workers);
}

Test(idle, no_wake_up_is_lost_with_one_worker)
{
	expect_no_wake_up_lost(1, 1);
}

Test(idle, no_wake_up_is_lost_with_several_workers_and_producers)
{
	expect_no_wake_up_lost(4, 3);
}

static crowd_counter at_work;
#define TOGETHER 6u

/* An item that takes until all of them are at work. */
static void use_together(void)
{
	uint32_t round = (sk_add_acq_rel(&at_work, 1) + TOGETHER) / TOGETHER;
	while (sk_load_acquire(&at_work) < round * TOGETHER)
		sched_yield();
	sk_add_acq_rel(&taken, 1);
}

static void work_together(void *arg, unsigned index)
{
	(void)arg;
	work(index, use_together);
}

/* One notify for work for all: whoever is woken and finds some wakes the next. */
Test(idle, one_notify_wakes_as_many_as_there_is_work_for_one_after_the_other)
{
	crowd workers;
	begin(TOGETHER);
	crowd_start(&workers, TOGETHER, work_together, NULL);
	for (unsigned round = 1; round <= CROWD_ROUNDS(500); round++) {
		sk_add_relaxed(&items, TOGETHER);
		sk_idle_notify(&idle, round % TOGETHER);
		while (sk_load_acquire(&taken) < round * TOGETHER)
			sched_yield();
	}
	end_work(&workers);
}
