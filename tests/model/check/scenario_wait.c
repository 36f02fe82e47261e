/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits by themselves: sched/waiter.c as it is. The event is a word that holds a ticket or says that it was made, as a
 * future's state; a fiber or a plain thread waits for it, a timer and a canceller rival it. The waiter goes on once for
 * each wait, and sees what was done before whatever ended it.
 */
#include "scenarios.h"
#include "twin_await.h"

#include <errno.h>

#define MADE 4u

typedef struct happening {
	SK_ATOMIC(uint64_t) word; /* a ticket; MADE */
	uint64_t content;
} happening;

static struct board {
	happening event[2];
	sk_scope scope;
} * b;

/* Thread 0 is the fiber; the last thread of so many is its next context. */
static void setup_with(unsigned threads)
{
	twin_await_setup(2);
	b = model_new(sizeof *b);
	twin->fiber[0].fiber.scope = &b->scope;
	if (threads > 0) {
		twin->fiber_of[threads - 1] = 0;
		twin->fiber[0].has_next = true;
	}
}

static void setup(void)
{
	setup_with(0);
}

static void setup_next(void)
{
	setup_with(3);
}

static void setup_thread(void)
{
	setup_with(0);
	twin->fiber_of[0] = TWIN_NO_FIBER;
}

static bool enlist(void *arg, sk_ticket ticket)
{
	happening *event = arg;
	uint64_t nothing = 0;
	return sk_cas_acq_rel(&event->word, &nothing, ticket);
}

static void make(happening *event)
{
	event->content = 7;
	uint64_t ticket = sk_exchange_acq_rel(&event->word, MADE);
	if (sk_is_ticket(ticket))
		sk_waiter_fire(&twin->pool, ticket, SK_CAUSE_EVENT);
}

static uint32_t wait_for(happening *event, uint64_t deadline_ns, bool cancellable)
{
	const sk_wait_for what = {
		.enlist = event ? enlist : NULL,
		.arg = event,
		.deadline_ns = deadline_ns,
		.why = SK_WAIT_EVENT,
		.cancellable = cancellable,
	};
	uint32_t cause = sk_wait(&what);
	if (cause == SK_CAUSE_EVENT || cause == SK_CAUSE_BEFORE)
		model_check(event && event->content == 7, "what was done before the event is not there");
	return cause;
}

static void finish(void)
{
	twin_fiber *here = &twin->fiber[0];
	if (here->has_next)
		twin_end(here);
}

/* Only a cancellation can end it; without an event, or with one that never comes. */
static void cancel_of(happening *event, unsigned thread)
{
	if (thread == 0) {
		uint32_t cause = wait_for(event, SK_TIMERS_NEVER, true);
		model_check(cause == SK_CAUSE_CANCEL, "the wait ended by %u", cause);
		finish();
	} else if (thread == 1) {
		sk_scope_cancel(&b->scope);
	} else {
		twin_next_context(&twin->fiber[0]);
	}
}

static void cancel(unsigned thread)
{
	cancel_of(NULL, thread);
}

static void cancel_enlisted(unsigned thread)
{
	cancel_of(&b->event[0], thread);
}

/* The event or the cancellation. */
static void cancel_or_event(unsigned thread)
{
	if (thread == 0) {
		uint32_t cause = wait_for(&b->event[0], SK_TIMERS_NEVER, true);
		model_check(cause != SK_CAUSE_TIMEOUT && cause != SK_CAUSE_ARMED, "the wait ended by %u", cause);
	} else if (thread == 1) {
		sk_scope_cancel(&b->scope);
	} else {
		make(&b->event[0]);
	}
}

/* A wait ends by its timer, and the late ticket of its event meets the next wait. */
static void late(unsigned thread)
{
	if (thread == 0) {
		wait_for(&b->event[0], 1000, false);
		uint32_t cause = wait_for(&b->event[1], SK_TIMERS_NEVER, false);
		model_check(cause == SK_CAUSE_EVENT || cause == SK_CAUSE_BEFORE, "the second wait ended by %u", cause);
	} else if (thread == 1) {
		make(&b->event[0]);
		make(&b->event[1]);
	} else {
		twin_fire_timer();
	}
}

/* A plain thread waits, twice. */
static void plain(unsigned thread)
{
	if (thread > 0) {
		make(&b->event[0]);
		make(&b->event[1]);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		uint32_t cause = wait_for(&b->event[i], SK_TIMERS_NEVER, true);
		model_check(cause == SK_CAUSE_EVENT || cause == SK_CAUSE_BEFORE, "wait %u ended by %u", i, cause);
	}
}

/* A plain thread's first wait has a deadline: the late ticket meets the second one. */
static void plain_late(unsigned thread)
{
	if (thread > 0) {
		make(&b->event[0]);
		make(&b->event[1]);
		return;
	}
	wait_for(&b->event[0], 1000, true);
	uint32_t cause = wait_for(&b->event[1], SK_TIMERS_NEVER, true);
	model_check(cause == SK_CAUSE_EVENT || cause == SK_CAUSE_BEFORE, "the second wait ended by %u", cause);
}

const model_scenario wait_scenarios[] = {
	{ "wait.cancel", "only a cancellation ends it", 2, setup, cancel, NULL, .spurious = 0 },
	{ "wait.cancel_next", "the same, with the next context", 3, setup_next, cancel, NULL, .spurious = 0 },
	{ "wait.cancel_enlisted", "the same, with an event that does not come", 3, setup_next, cancel_enlisted, NULL,
	  .spurious = 0 },
	{ "wait.cancel_event", "an event or a cancellation", 3, setup, cancel_or_event, NULL, .spurious = 0 },
	{ "wait.late", "a late ticket meets the next wait", 3, setup, late, NULL, .spurious = 0 },
	{ "wait.plain", "a plain thread waits twice", 2, setup_thread, plain, NULL, .spurious = 1 },
	{ "wait.plain_late", "a plain thread's late ticket", 2, setup_thread, plain_late, NULL, .spurious = 1 },
	{ 0 },
};
