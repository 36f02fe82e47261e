/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a hierarchical wheel for each worker. A million sleeping tasks is normal, so setting and removing are O(1)
 * and need no memory: the timers themselves (fiber/timer.h), a part of each fiber, are the links of the wheel's lists.
 *
 *   time in ticks of 2^14 ns, rounded up:    level 8 | ... | level 1 | level 0      6 bits each
 *   a timer stands in the level of the highest digit in which it differs from `elapsed`, in the slot of that digit;
 *   when elapsed reaches the slot, a level's timers move down, those of level 0 expire.
 *
 * A timer is never early; it is late by at most a tick and what its worker needs to come round. Who looks:
 *   1  its own worker, between two pieces of work and when it searches;
 *   2  the same worker parks no longer than its own next timer;
 *   3  idle workers look at the wheels of busy ones while they search;
 *   4  the monitor, when a timer is overdue by SK_TIMERS_GRACE_NS because everybody computes; later by one of its
 *      periods (monitor.h) if it was set while the monitor had something to watch.
 *
 *   M1  a timer is in at most one wheel, its owner's; it is linked exactly while state is LINKED.
 *   M2  next_ns is at most the time of the earliest timer (a level above 0 is known by its slot only).
 *   M3  a ticket is fired, a callback is run, with the wheel unlocked: they may take other locks.
 *
 * Who may call: any thread that keeps the pool alive. Blocks: nothing but the wheel's lock.
 * Source: Varghese and Lauck, "Hashed and hierarchical timing wheels" (SOSP 1987), scheme 7.
 */
#ifndef SK_SCHED_TIMERS_H
#define SK_SCHED_TIMERS_H

#include "base/align.h"
#include "base/atomic.h"
#include "fiber/timer.h"
#include "sys/lock.h"

#include <stdbool.h>
#include <stdint.h>

#define SK_TIMERS_NEVER UINT64_MAX
#define SK_TIMERS_LEVELS 9
#define SK_TIMERS_SLOTS 64
#define SK_TIMERS_GRACE_NS UINT64_C(2000000)

struct sk_pool;

typedef struct sk_timers {
	/* written under the lock, read by anybody */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint64_t) next_ns;
	/* everybody, under the lock */
	_Alignas(SK_FALSE_SHARING) sk_lock lock;
	uint64_t elapsed; /* ticks: everything up to here has expired */
	uint64_t occupied[SK_TIMERS_LEVELS];
	sk_timer *slot[SK_TIMERS_LEVELS][SK_TIMERS_SLOTS];
} sk_timers;

void sk_timers_init(sk_timers *wheel, uint64_t now_ns);

/*
 * Sets a timer that is not set. Returns whether it became the wheel's earliest. A time in the past expires at the
 * next look.
 */
bool sk_timers_set(sk_timers *wheel, sk_timer *timer, uint64_t at_ns);

/*
 * Removes it, if it is set; afterwards nobody touches it, also no callback. Returns whether it had not expired.
 * Blocks: while its callback runs on another thread.
 */
bool sk_timers_remove(sk_timer *timer);

/* When to look again; SK_TIMERS_NEVER for an empty wheel. */
static inline uint64_t sk_timers_next(sk_timers *wheel)
{
	return sk_load_relaxed(&wheel->next_ns); /* relaxed: a time; who set an earlier one has told those who sleep */
}

/* Fires what has expired by now. Returns how many. Call from: a worker of the pool or its monitor. */
unsigned sk_timers_expire(struct sk_pool *pool, sk_timers *wheel, uint64_t now_ns);

#endif
