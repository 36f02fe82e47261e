/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer: what stands in a wheel (sched/timers.h). Each fiber has one for its wait. It is not on the fiber's stack: a
 * wheel moves a timer some times before it expires, and a million sleepers have a million pages of stack, of which each
 * touch is a miss in the caches and in the TLB.
 *
 * Owner: who sets it, until it is set; then whoever has the lock of its wheel.
 */
#ifndef SK_FIBER_TIMER_H
#define SK_FIBER_TIMER_H

#include "base/atomic.h"

#include <stdint.h>

/* Whom it wakes: sched/waiter.h. */
typedef uint64_t sk_ticket;

struct sk_timers;

enum sk_timer_state { SK_TIMER_IDLE, SK_TIMER_LINKED, SK_TIMER_RUNNING };

typedef struct sk_timer {
	/* set by who sets the timer; one of the two */
	sk_ticket ticket;
	void (*run)(struct sk_timer *timer);
	/* under the wheel's lock */
	struct sk_timers *wheel;
	struct sk_timer *next;
	struct sk_timer **link; /* who points at it */
	uint64_t tick;
	SK_ATOMIC(uint32_t) state; /* enum sk_timer_state; read without the lock by who waits for a callback */
} sk_timer;

#endif
