/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search of one worker for which all the others are made up: what ends its waiting, what it takes first, and whom
 * it tells. No thread of a runtime is there, so that each thing happens when the test does it.
 */
#include "sched/search.h"

#include "crowd.h"
#include "sched/mail.h"
#include "sched/pool.h"
#include "sched/root.h"
#include "sched/steal.h"
#include "sched/work.h"
#include "sys/clock.h"
#include "sys/membarrier.h"

#include <criterion/criterion.h>
#include <time.h>

/* So many ticks never pass. */
#define FOR_EVER (UINT64_C(1) << 50)

enum { SELF, OTHER, WORKERS };
static sk_worker workers[WORKERS];
static uint16_t the_other[WORKERS] = { OTHER, SELF };
static sk_pool pool = { .worker_count = WORKERS,
	                .workers = workers,
	                .force_after_ticks = FOR_EVER,
	                .search_ticks = FOR_EVER,
	                .tiny_ticks = 1 };
static sk_worker *self = &workers[SELF], *other = &workers[OTHER];
static sk_fiber sender = { .worker = &workers[OTHER] }, ready, *const woken = &ready;
static sk_work work;
static unsigned notified;

static void note_notified(void *arg, unsigned worker)
{
	(void)arg;
	notified += worker == OTHER;
}

static void no_task(sk_slot *slot, sk_fiber *fiber, sk_slot *head)
{
	(void)slot;
	(void)fiber;
	(void)head;
}

static sk_letter letter = { .slot.run = no_task }, another = { .slot.run = no_task };

static void set_up(void)
{
	sk_idle_init(&pool.idle, WORKERS, note_notified, NULL);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].pool = &pool;
		workers[i].index = i;
		sk_rng_seed(&workers[i].rng, i + 1);
		sk_timers_init(&workers[i].timers, sk_clock_ns());
		cr_assert_eq(sk_ready_deque_init(&workers[i].ready), 0);
		workers[i].victims = (sk_victims){ .order = &the_other[i], .count = 1 };
		for (unsigned ring = 0; ring < SK_RINGS; ring++)
			workers[i].victims.ring_end[ring] = 1;
	}
}

static void tear_down(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		sk_ready_deque_destroy(&workers[i].ready);
}

TestSuite(search, .init = set_up, .fini = tear_down);

static void push(sk_worker *worker, void *fiber)
{
	cr_assert(sk_ready_deque_push(&worker->ready, sk_entry_make(SK_ENTRY_FIBER, fiber)));
}

static void expect_letter(void)
{
	cr_assert_eq(work.kind, SK_WORK_STOLEN);
	cr_assert_eq(work.stolen.slot, &letter.slot);
	cr_assert(work.stolen.by_mail);
}

static void expect_ready(void)
{
	cr_assert_eq(work.kind, SK_WORK_FIBER);
	cr_assert_eq(work.fiber, woken);
}

/* --- what somebody else does while the worker waits --- */

static void while_it_waits(void)
{
	while (!sk_mail_is_open(self))
		sched_yield();
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL); /* until it waits; it may come late, too */
}

static void sends(void *arg, unsigned index)
{
	(void)index;
	while_it_waits();
	*(bool *)arg = sk_mail_send(&sender, &letter, self);
}

static void stops(void *arg, unsigned index)
{
	(void)index;
	while_it_waits();
	*(bool *)arg = true;
	sk_store_release(&pool.stop, 1);
}

static void search_beside(void (*what)(void *arg, unsigned index))
{
	bool done = false;
	crowd helper;
	crowd_start(&helper, 1, what, &done);
	sk_search_work(self, &work);
	crowd_join(&helper);
	cr_assert(done);
	cr_assert_not(self->searching, "nothing is declared when there is work");
	cr_assert_eq(sk_idle_searching(&pool.idle), 0);
	cr_assert_not(sk_mail_is_open(self));
}

/* --- a queue that cannot grow --- */

/* The linker has malloc called here (--wrap): while a test wants it, there is no memory. */
static bool no_memory;
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

void *__wrap_malloc(size_t bytes)
{
	return no_memory ? NULL : __real_malloc(bytes);
}

/* Fills the own queue to the last place of its array; how many entries that are. */
static unsigned fill_up(void)
{
	unsigned count = 0;
	no_memory = true;
	while (sk_ready_deque_push(&self->ready, sk_entry_make(SK_ENTRY_FIBER, &ready)))
		cr_assert_lt(++count, 100000u);
	return count;
}

/* The rest of the queue, then the one that had no place. */
static void expect_after(unsigned count, const sk_fiber *last)
{
	for (unsigned i = 0; i < count; i++) {
		cr_assert(sk_work_take_local(self, &work));
		expect_ready();
	}
	cr_assert(sk_work_take_local(self, &work));
	cr_assert_eq(work.kind, SK_WORK_FIBER);
	cr_assert_eq(work.fiber, last);
	cr_assert_not(sk_work_take_local(self, &work));
}

Test(search, what_has_no_place_in_the_queue_stays_in_the_inbox)
{
	static sk_fiber from_outside;
	sk_inbox_node node = { .entry = sk_entry_make(SK_ENTRY_FIBER, &from_outside) };
	sk_inbox_push(&pool.inbox, &node);
	unsigned count = fill_up();
	cr_assert(sk_work_drain_inbox(self));
	cr_assert_not(sk_inbox_seen_empty(&pool.inbox));
	cr_assert_eq(sk_load_relaxed(&self->counters.inbox_taken), 0);
	no_memory = false;
	expect_after(count, &from_outside);
	cr_assert(sk_inbox_seen_empty(&pool.inbox));
}

Test(search, a_fiber_that_is_woken_without_a_place_in_the_queue_goes_by_the_inbox)
{
	static sk_fiber woken_now;
	unsigned count = fill_up();
	sk_worker_ready(self, sk_entry_make(SK_ENTRY_FIBER, &woken_now), false);
	cr_assert_not(sk_inbox_seen_empty(&pool.inbox));
	no_memory = false;
	expect_after(count, &woken_now);
}

/* --- a worker that expects mail --- */

static void expect_mail(void)
{
	self->expects_mail = true;
	pool.letter_spin_ticks = FOR_EVER;
}

Test(search, who_expects_a_letter_waits_for_it)
{
	expect_mail();
	search_beside(sends);
	expect_letter();
	cr_assert_not(self->expects_mail, "once");
}

Test(search, who_expects_a_letter_does_not_wait_while_something_is_ready_here)
{
	expect_mail();
	push(self, woken);
	sk_search_work(self, &work);
	expect_ready();
}

Test(search, who_expects_a_letter_does_not_wait_while_something_stands_in_the_inbox)
{
	sk_root root = { .slot = NULL };
	root.node.entry = sk_entry_make(SK_ENTRY_ROOT, &root);
	sk_inbox_push(&pool.inbox, &root.node);
	expect_mail();
	sk_search_work(self, &work);
	cr_assert_eq(work.kind, SK_WORK_ROOT);
	cr_assert_eq(work.root, &root);
}

Test(search, who_expects_a_letter_does_not_wait_when_the_monitor_asks)
{
	expect_mail();
	sk_store_relaxed(&self->tick, 1);
	push(other, woken);
	sk_search_work(self, &work);
	expect_ready();
}

Test(search, who_expects_a_letter_does_not_wait_for_ever)
{
	self->expects_mail = true;
	pool.letter_spin_ticks = 1;
	push(other, woken);
	sk_search_work(self, &work);
	expect_ready();
}

Test(search, who_expects_a_letter_leaves_when_the_runtime_stops)
{
	expect_mail();
	search_beside(stops);
	cr_assert_eq(work.kind, SK_WORK_LEAVE);
}

/* --- a pause after many tiny tasks --- */

static void need_a_pause(void)
{
	self->tiny_run = 1000;
	pool.tiny_ticks = FOR_EVER >> 10;
}

Test(search, a_pause_ends_when_a_letter_comes)
{
	need_a_pause();
	search_beside(sends);
	expect_letter();
}

Test(search, a_pause_ends_when_something_is_ready_here)
{
	need_a_pause();
	push(self, woken);
	sk_search_work(self, &work);
	expect_ready();
}

Test(search, a_pause_ends_when_the_runtime_stops)
{
	need_a_pause();
	search_beside(stops);
	cr_assert_eq(work.kind, SK_WORK_LEAVE);
}

Test(search, tasks_that_are_long_enough_make_an_end_of_the_pauses)
{
	pool.tiny_ticks = 100;
	for (unsigned i = 0; i < 50; i++)
		sk_search_ran(self, 99);
	cr_assert_eq(self->tiny_run, 50);
	sk_search_ran(self, 100);
	cr_assert_eq(self->tiny_run, 0);
}

/* --- letters that are left --- */

/* There is a letter, but its turn is that of what is ready here. */
static void leave_a_letter(void)
{
	sk_mail_open(self);
	cr_assert(sk_mail_send(&sender, &letter, self));
	push(self, woken);
	self->since_local = 1000;
	sk_search_work(self, &work);
	expect_ready();
	cr_assert(sk_mail_seen(self));
}

Test(search, who_leaves_a_letter_wakes_a_sleeper)
{
	sk_idle_offer(&pool.idle, OTHER);
	leave_a_letter();
	cr_assert_eq(notified, 1);
	cr_assert_eq(sk_load_relaxed(&self->counters.woken), 1);
}

Test(search, who_leaves_a_letter_while_nobody_sleeps_wakes_nobody)
{
	leave_a_letter();
	cr_assert_eq(notified, 0);
	cr_assert_eq(sk_load_relaxed(&self->counters.woken), 0);
	/* The next one finds it in the box. */
	sk_search_work(self, &work);
	expect_letter();
}

/* --- letters of others --- */

static void send_to(sk_worker *worker, sk_letter *which)
{
	sk_mail_open(worker);
	cr_assert(sk_mail_send(&sender, which, worker));
}

Test(search, a_letter_that_its_addressee_does_not_take_is_taken_from_it)
{
	cr_assert_not(sk_steal_soon(self, &work), "nothing there");
	send_to(other, &letter);
	cr_assert(sk_steal_soon(self, &work));
	expect_letter();
	cr_assert_eq(sk_load_relaxed(&self->counters.stolen), 1);
	cr_assert_not(sk_mail_seen(other));
}

Test(search, the_own_letter_comes_before_those_of_others)
{
	pool.tiny_ticks = FOR_EVER;
	send_to(other, &another);
	send_to(self, &letter);
	cr_assert_not(sk_steal_soon(self, &work));
	cr_assert(sk_mail_take(self, &work));
	expect_letter();
	cr_assert(sk_mail_seen(other));
}

static void takes_back(void *arg, unsigned index)
{
	(void)index;
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	*(bool *)arg = sk_mail_take_back(&letter);
}

Test(search, nobody_waits_for_a_letter_that_was_taken_back)
{
	bool done = false;
	crowd helper;
	pool.tiny_ticks = FOR_EVER;
	send_to(other, &letter);
	crowd_start(&helper, 1, takes_back, &done);
	cr_assert_not(sk_steal_soon(self, &work));
	crowd_join(&helper);
	cr_assert(done);
}

Test(search, the_thread_in_the_seat_takes_no_letters_of_others)
{
	sk_root root = { .slot = NULL };
	send_to(other, &letter);
	self->seat_root = &root;
	cr_assert_not(sk_steal_soon(self, &work));
	cr_assert(sk_mail_seen(other));
}

/* --- what others have made ready --- */

Test(search, half_of_what_another_has_ready_comes_along)
{
	sk_fiber more[4];
	push(other, woken);
	for (unsigned i = 0; i < 4; i++)
		push(other, &more[i]);
	cr_assert(sk_steal_round(self, &work));
	expect_ready();
	bool lost;
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(sk_ready_deque_take((sk_ready_thief){ &self->ready }, &lost),
			     sk_entry_make(SK_ENTRY_FIBER, &more[i]));
	cr_assert(sk_ready_deque_seen_empty((sk_ready_thief){ &self->ready }));
	for (unsigned i = 2; i < 4; i++)
		cr_assert_eq(sk_ready_deque_take((sk_ready_thief){ &other->ready }, &lost),
			     sk_entry_make(SK_ENTRY_FIBER, &more[i]));
}

Test(search, who_takes_several_wakes_a_sleeper)
{
	sk_idle_offer(&pool.idle, OTHER);
	for (unsigned i = 0; i < 3; i++)
		push(other, woken);
	cr_assert(sk_steal_round(self, &work));
	cr_assert_eq(notified, 1);
}

static void keep_soon(sk_worker *worker)
{
	if (!sk_membarrier_start())
		cr_skip_test("membarrier does not work here, and without it nothing is kept");
	sk_ready_deque_keep_soon(&worker->ready, true);
	sk_store_relaxed(&worker->soon_trust, SK_SOON_KEPT);
}

Test(search, a_place_that_is_kept_is_stolen_from_once_in_a_gap)
{
	keep_soon(other);
	cr_assert(sk_worker_push_soon(other, sk_entry_make(SK_ENTRY_FIBER, woken)));
	cr_assert(sk_ready_deque_soon_is_kept((sk_ready_thief){ &other->ready }));
	pool.force_gap_ticks = FOR_EVER;
	sk_store_relaxed(&pool.last_force_ticks, sk_clock_ticks());
	cr_assert_not(sk_steal_soon(self, &work), "another has disturbed everybody just now");
	pool.force_gap_ticks = 0;
	cr_assert(sk_steal_soon(self, &work));
	expect_ready();
	cr_assert_eq(sk_load_relaxed(&other->soon_trust), 0);
}

Test(search, who_has_lost_the_trust_keeps_no_place)
{
	keep_soon(self);
	sk_store_relaxed(&self->soon_trust, 0);
	cr_assert(sk_worker_push_soon(self, sk_entry_make(SK_ENTRY_FIBER, woken)));
	cr_assert_not(sk_ready_deque_soon_is_kept((sk_ready_thief){ &self->ready }));
}
