/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for one of several things, from fibers and threads: the first cause wins, stale tickets do nothing. */
#include "sched/waiter.h"

#include "crowd.h"
#include "scarce.h"
#include "started.h"

#include "sys/clock.h"

#include <pthread.h>

#define MS UINT64_C(1000000)

/* An event as simple as can be: a word that holds the ticket of who waits, or FIRED. */
#define FIRED UINT64_C(4)
typedef SK_ATOMIC(uint64_t) simple;

static bool enlist_simple(void *arg, sk_ticket ticket)
{
	uint64_t nothing = 0;
	return sk_cas_acq_rel((simple *)arg, &nothing, ticket);
}

static uint32_t await_simple(simple *event_, uint64_t deadline_ns, bool cancellable)
{
	const sk_wait_for what = {
		.enlist = enlist_simple,
		.arg = event_,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_EVENT,
		.cancellable = cancellable,
	};
	return sk_wait(&what);
}

static bool fire_simple(simple *event_, uint32_t cause)
{
	uint64_t old = sk_exchange_acq_rel(event_, FIRED);
	if (!sk_is_ticket(old))
		return false;
	bool entered;
	sk_pool *pool = sk_waiter_pool(&entered);
	bool won = sk_waiter_fire(pool, old, cause);
	if (entered)
		sk_pool_leave(pool);
	return won;
}

SKUA_TASK(uint32_t, waits_for, simple *, event_, uint64_t, deadline_ns)
{
	return await_simple(event_, deadline_ns, false);
}

static void *fires_later(void *event_)
{
	while (!sk_is_ticket(sk_load_relaxed((simple *)event_)))
		sched_yield();
	skua_sleep_ns(MS);
	fire_simple(event_, SK_CAUSE_EVENT + 5);
	return NULL;
}

static void causes(void)
{
	simple event_ = SK_ATOMIC_INIT(FIRED);
	cr_assert_eq(SKUA_RUN(waits_for, &event_, SK_TIMERS_NEVER), SK_CAUSE_BEFORE);
	cr_assert_eq(await_simple(&event_, SK_TIMERS_NEVER, false), SK_CAUSE_BEFORE);
	sk_store_relaxed(&event_, 0);
	uint64_t at = sk_clock_ns() + MS;
	cr_assert_eq(SKUA_RUN(waits_for, &event_, at), SK_CAUSE_TIMEOUT);
	cr_assert_geq(sk_clock_ns(), at);
	cr_assert_not(fire_simple(&event_, SK_CAUSE_EVENT), "the ticket that was left is stale");
	sk_store_relaxed(&event_, 0);
	cr_assert_eq(await_simple(&event_, sk_clock_ns() + MS, false), SK_CAUSE_TIMEOUT, "a thread");
	cr_assert_not(fire_simple(&event_, SK_CAUSE_EVENT));
	for (int i = 0; i < 2; i++) {
		pthread_t thread;
		sk_store_relaxed(&event_, 0);
		pthread_create(&thread, NULL, fires_later, &event_);
		uint32_t cause = i ? await_simple(&event_, SK_TIMERS_NEVER, false)
		                   : SKUA_RUN(waits_for, &event_, SK_TIMERS_NEVER);
		cr_assert_eq(cause, SK_CAUSE_EVENT + 5, "the cause is the firer's");
		pthread_join(thread, NULL);
	}
}

Test(waiter, each_cause_ends_a_wait)
{
	with_workers(1, 4, causes);
}

/* A wait whose event, timer and cancellation come at about the same time, many times: exactly one of them each time. */
enum { ROUNDS = 400 };

typedef struct race {
	simple event_;
	SK_ATOMIC(uint32_t) round; /* the one that runs */
	uint32_t won;              /* fires that said they had */
	uint32_t events;           /* waits that ended so */
} race;

static void *fires_each_round(void *arg)
{
	race *r = arg;
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		while (sk_load_acquire(&r->round) != i)
			sched_yield();
		for (volatile uint32_t spin = 0; spin < i * 37 % 400; spin++)
			;
		r->won += fire_simple(&r->event_, SK_CAUSE_EVENT);
		while (sk_load_acquire(&r->round) == i)
			sched_yield();
	}
	return NULL;
}

static void *waits_each_round(void *arg)
{
	race *r = arg;
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		sk_store_relaxed(&r->event_, 0);
		sk_store_release(&r->round, i);
		uint32_t cause = await_simple(&r->event_, sk_clock_ns() + i % 40 * 1000, true);
		cr_assert_neq(cause, SK_CAUSE_CANCEL, "nobody cancels");
		r->events += cause == SK_CAUSE_EVENT;
		while (sk_load_acquire(&r->event_) != FIRED)
			skua_sleep_ns(1000);
	}
	sk_store_release(&r->round, ROUNDS + 1);
	return NULL;
}

static void races(void)
{
	race r = { .round = SK_ATOMIC_INIT(0) };
	pthread_t thread;
	pthread_create(&thread, NULL, fires_each_round, &r);
	skua_await(skua_async(waits_each_round, &r));
	pthread_join(thread, NULL);
	cr_assert_eq(r.events, r.won, "%u waits ended by the event, %u fires had won", r.events, r.won);
}

Test(waiter, exactly_one_cause_wins)
{
	with_workers(1, 3, races);
}

static void *waits_cancellably(void *event_)
{
	return (void *)(uintptr_t)await_simple(event_, SK_TIMERS_NEVER, true); /* NOLINT: a number in a pointer */
}

static void cancels(void)
{
	for (unsigned i = 0; i < 200; i++) {
		simple event_ = SK_ATOMIC_INIT(0);
		skua_future *f = skua_async(waits_cancellably, &event_);
		for (volatile unsigned spin = 0; spin < i * 53 % 2000; spin++)
			;
		skua_cancel(f);
		cr_assert_eq((uintptr_t)skua_await(f), SK_CAUSE_CANCEL);
	}
}

Test(waiter, a_cancellation_is_not_lost)
{
	with_workers(1, 4, cancels);
}

Test(waiter, threads_that_wait_come_and_go)
{
	start(2, false);
	for (int i = 0; i < 100; i++) {
		pthread_t thread;
		simple event_ = SK_ATOMIC_INIT(0);
		pthread_create(&thread, NULL, fires_later, &event_);
		cr_assert_eq(await_simple(&event_, sk_clock_ns() + 3600000 * MS, false), SK_CAUSE_EVENT + 5);
		pthread_join(thread, NULL);
	}
	skua_stop();
}

/* --- cancelling in two steps --- */

static struct {
	SK_ATOMIC(sk_scope *) scope;
	SK_ATOMIC(uint32_t) cause;
	simple event_;
	sk_fiber *fiber;
} sleeper;

static void *shows_its_scope(void *arg)
{
	sleeper.fiber = sk_fiber_self();
	sk_store_release(&sleeper.scope, sk_scope_self());
	sk_store_release(&sleeper.cause, await_simple(&sleeper.event_, SK_TIMERS_NEVER, true));
	return arg;
}

/* Before its commit is over it may find out by itself that it is cancelled. */
static void wait_until_it_sleeps(void)
{
	uint64_t ticket;
	while (!sk_is_ticket(ticket = sk_load_acquire(&sleeper.event_)))
		sched_yield();
	while (sk_load_acquire(&sleeper.fiber->committed_wait) != (uint32_t)(ticket >> 32))
		sched_yield();
}

/* Between win and tell it does not go on, whatever else happens to it; and only the first cause counts. */
static void win_then_tell(void)
{
	sk_pool *pool = sk_pool_try_enter();
	for (int told_by_event = 0; told_by_event < 2; told_by_event++) {
		sk_won won = { NULL, NULL };
		sk_store_relaxed(&sleeper.scope, NULL);
		sk_store_relaxed(&sleeper.cause, SK_CAUSE_ARMED);
		sk_store_relaxed(&sleeper.event_, 0);
		skua_future *future = skua_async(shows_its_scope, NULL);
		wait_until_it_sleeps();
		if (told_by_event)
			cr_assert(fire_simple(&sleeper.event_, SK_CAUSE_EVENT));
		sk_scope *scope = sk_load_acquire(&sleeper.scope);
		sk_scope_win(pool, scope, &won);
		cr_assert_eq(won.first != NULL, !told_by_event);
		if (!told_by_event) {
			cr_assert_eq(won.first, won.last);
			cr_assert_not(fire_simple(&sleeper.event_, SK_CAUSE_EVENT));
			sk_won again = { NULL, NULL };
			sk_scope_win(pool, scope, &again);
			cr_assert_null(again.first);
			for (int i = 0; i < 100; i++) {
				sched_yield();
				cr_assert_eq(sk_load_acquire(&sleeper.cause), SK_CAUSE_ARMED);
			}
		}
		sk_won_tell(pool, &won);
		skua_await(future);
		cr_assert_eq(sk_load_acquire(&sleeper.cause), told_by_event ? SK_CAUSE_EVENT : SK_CAUSE_CANCEL);
	}
	sk_pool_leave(pool);
}

Test(waiter, who_was_won_goes_on_when_he_is_told)
{
	with_workers(1, 3, win_then_tell);
}

/* --- no memory for the fiber that would go on meanwhile --- */

SKUA_TASK(uint32_t, root_waits_without_memory, simple *, event_)
{
	sk_fiber *taken = take_all_fibers(sk_fiber_->worker);
	uint64_t deadline_ns = sk_clock_ns() + MS;
	uint32_t cause = await_simple(event_, deadline_ns, true);
	SURELY(cause != SK_CAUSE_TIMEOUT || sk_clock_ns() >= deadline_ns, "early");
	SURELY(sk_worker_fiber_take(sk_fiber_->worker) == NULL, "there was a fiber all the time");
	give_all_fibers(sk_fiber_->worker, taken);
	return cause;
}

Test(waiter, a_root_without_memory_for_another_fiber_waits_with_its_worker)
{
	start(1, false);
	simple event_ = SK_ATOMIC_INIT(0);
	cr_assert_eq(SKUA_RUN(root_waits_without_memory, &event_), SK_CAUSE_TIMEOUT);
	cr_assert(sk_ticket_is_thread(sk_load_acquire(&event_)), "its thread did");
	cr_assert_eq(SKUA_RUN(root_waits_without_memory, &event_), SK_CAUSE_BEFORE, "the event is not free");
	stop_settled();
}

/* A task can be cancelled while it waits, so it has to wait as a fiber: it tries again until there is memory. */
static void *task_waits_without_memory(void *arg)
{
	sk_fiber *taken = take_all_fibers(sk_fiber_self()->worker);
	uint32_t cause = await_simple(arg, SK_TIMERS_NEVER, true);
	give_all_fibers(sk_fiber_self()->worker, taken);
	return (void *)(uintptr_t)cause; /* NOLINT: a number */
}

static void *task_waits_a_moment_without_memory(void *arg)
{
	sk_fiber *taken = take_all_fibers(sk_fiber_self()->worker);
	uint64_t deadline_ns = sk_clock_ns() + MS;
	uint32_t cause = await_simple(arg, deadline_ns, true);
	SURELY(sk_clock_ns() >= deadline_ns, "early");
	give_all_fibers(sk_fiber_self()->worker, taken);
	return (void *)(uintptr_t)cause; /* NOLINT: a number */
}

/* What ends a wait ends the attempt to begin it. */
Test(waiter, a_task_without_memory_for_another_fiber_is_cancelled_and_meets_its_deadline)
{
	start(1, false);
	simple event_ = SK_ATOMIC_INIT(0);
	skua_future *task = skua_async(task_waits_without_memory, &event_);
	flag_await(&no_memory);
	skua_sleep_ns(5 * MS);
	skua_cancel(task);
	cr_assert_eq((uintptr_t)skua_await(task), SK_CAUSE_CANCEL);
	task = skua_async(task_waits_a_moment_without_memory, &event_);
	cr_assert_eq((uintptr_t)skua_await(task), SK_CAUSE_TIMEOUT);
	cr_assert_eq(sk_load_acquire(&event_), 0, "neither wait began");
	stop_settled();
}

Test(waiter, a_task_without_memory_for_another_fiber_waits_for_that_first)
{
	start(1, false);
	simple event_ = SK_ATOMIC_INIT(0);
	skua_future *task = skua_async(task_waits_without_memory, &event_);
	flag_await(&no_memory);
	skua_sleep_ns(5 * MS);
	cr_assert_eq(sk_load_acquire(&event_), 0, "it does not wait yet");
	sk_store_release(&no_memory, 0);
	while (!sk_is_ticket(sk_load_acquire(&event_)))
		sched_yield();
	skua_cancel(task);
	cr_assert_eq((uintptr_t)skua_await(task), SK_CAUSE_CANCEL);
	stop_settled();
}
