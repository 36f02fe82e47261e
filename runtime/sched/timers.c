/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel of timers; see timers.h. */
#include "sched/timers.h"

#include "base/check.h"
#include "base/hostile.h"
#include "sched/waiter.h"
#include "sys/thread.h"

#include <stddef.h>

#define TICK_SHIFT 14
#define DIGIT_BITS 6
#define DIGIT_MASK (SK_TIMERS_SLOTS - 1u)
/* Expired timers are fired so many at a time, so that others get at the wheel in between. */
#define BATCH 64u

static inline unsigned level_of(uint64_t elapsed, uint64_t tick)
{
	uint64_t differs = (elapsed ^ tick) | DIGIT_MASK;
	return (unsigned)(63 - __builtin_clzll(differs)) / DIGIT_BITS;
}

static inline unsigned digit_of(uint64_t tick, unsigned level)
{
	return (unsigned)(tick >> (level * DIGIT_BITS)) & DIGIT_MASK;
}

static void link(sk_timers *wheel, sk_timer *timer)
{
	unsigned level = level_of(wheel->elapsed, timer->tick), digit = digit_of(timer->tick, level);
	sk_timer **head = &wheel->slot[level][digit];
	timer->next = *head;
	timer->link = head;
	if (*head)
		(*head)->link = &timer->next;
	*head = timer;
	wheel->occupied[level] |= UINT64_C(1) << digit;
}

/* Returns whether that empties its slot. */
static bool unlink(sk_timers *wheel, sk_timer *timer)
{
	*timer->link = timer->next;
	if (timer->next) {
		timer->next->link = timer->link;
		return false;
	}
	/* It was the last of its list; is the list empty now? Then the one who points at it is the slot itself. */
	sk_timer **first = &wheel->slot[0][0], **end = first + SK_TIMERS_LEVELS * SK_TIMERS_SLOTS;
	if (timer->link < first || timer->link >= end)
		return false;
	ptrdiff_t at = timer->link - first;
	wheel->occupied[at / SK_TIMERS_SLOTS] &= ~(UINT64_C(1) << at % SK_TIMERS_SLOTS);
	return true;
}

/* The next slot with timers: its level and digit, and the tick at which it begins. false: the wheel is empty. */
static bool next_slot(const sk_timers *wheel, unsigned *level, unsigned *digit, uint64_t *tick)
{
	for (unsigned l = 0; l < SK_TIMERS_LEVELS; l++) {
		/* In a level all timers differ from elapsed in this digit, and are later: none stands below it. In
		 * level 0 one may stand in the digit itself, if it was set for the past. */
		uint64_t ahead = wheel->occupied[l] >> digit_of(wheel->elapsed, l);
		if (!ahead)
			continue;
		*level = l;
		*digit = digit_of(wheel->elapsed, l) + (unsigned)__builtin_ctzll(ahead);
		uint64_t above = l + 1 < SK_TIMERS_LEVELS ? ~UINT64_C(0) << ((l + 1) * DIGIT_BITS) : 0;
		*tick = (wheel->elapsed & above) | (uint64_t)*digit << (l * DIGIT_BITS);
		return true;
	}
	return false;
}

static void publish_next(sk_timers *wheel)
{
	unsigned level, digit;
	uint64_t tick, next = next_slot(wheel, &level, &digit, &tick) ? tick << TICK_SHIFT : SK_TIMERS_NEVER;
	sk_store_relaxed(&wheel->next_ns, next); /* relaxed: see sk_timers_next */
}

void sk_timers_init(sk_timers *wheel, uint64_t now_ns)
{
	*wheel = (sk_timers){ .elapsed = now_ns >> TICK_SHIFT };
	sk_store_relaxed(&wheel->next_ns, SK_TIMERS_NEVER); /* relaxed: not yet shared */
}

bool sk_timers_set(sk_timers *wheel, sk_timer *timer, uint64_t at_ns)
{
	const uint64_t last = (UINT64_C(1) << (64 - TICK_SHIFT)) - 1;
	uint64_t tick = (at_ns >> TICK_SHIFT) + ((at_ns & ((UINT64_C(1) << TICK_SHIFT) - 1)) != 0);
	sk_lock_take(&wheel->lock);
	SK_INVARIANT(sk_load_relaxed(&timer->state) != SK_TIMER_LINKED, "M1: a timer is set once");
	timer->tick = tick > last ? last : tick < wheel->elapsed ? wheel->elapsed : tick;
	timer->wheel = wheel;
	sk_store_relaxed(&timer->state, SK_TIMER_LINKED); /* relaxed: under the lock */
	link(wheel, timer);
	uint64_t before = sk_load_relaxed(&wheel->next_ns); /* relaxed: under the lock */
	publish_next(wheel);
	bool is_earliest = sk_load_relaxed(&wheel->next_ns) < before; /* relaxed: as above */
	sk_lock_give(&wheel->lock);
	return is_earliest;
}

bool sk_timers_remove(sk_timer *timer)
{
	sk_timers *wheel = timer->wheel;
	if (!wheel)
		return false; /* never set */
	bool was_set = false;
	sk_lock_take(&wheel->lock);
	if (sk_load_relaxed(&timer->state) == SK_TIMER_LINKED) { /* relaxed: under the lock */
		if (unlink(wheel, timer))
			publish_next(wheel);
		sk_store_relaxed(&timer->state, SK_TIMER_IDLE); /* relaxed: as above */
		was_set = true;
	}
	sk_lock_give(&wheel->lock);
	/* edge -> timer.ran : its callback is over */
	while (!was_set && sk_load_acquire(&timer->state) == SK_TIMER_RUNNING)
		sk_thread_yield();
	return was_set;
}

typedef struct batch {
	unsigned count;
	sk_ticket ticket[BATCH];
	unsigned callbacks;
	sk_timer *callback[BATCH];
} batch;

static void take(batch *out, sk_timer *timer)
{
	if (timer->run) {
		out->callback[out->callbacks++] = timer;
		sk_store_relaxed(&timer->state, SK_TIMER_RUNNING); /* relaxed: under the lock */
		return;
	}
	out->ticket[out->count++] = timer->ticket;
	/* edge timer.ran -> : a remover that sees it idle may free it */
	sk_store_release(&timer->state, SK_TIMER_IDLE);
}

/* Takes expired timers, as many as there is room for. Returns whether there may be more. Under the lock. */
static bool collect(sk_timers *wheel, uint64_t now, batch *out)
{
	unsigned level, digit;
	uint64_t tick;
	while (next_slot(wheel, &level, &digit, &tick) && tick <= now) {
		wheel->elapsed = tick > wheel->elapsed ? tick : wheel->elapsed;
		sk_timer **head = &wheel->slot[level][digit];
		while (*head) {
			sk_timer *timer = *head;
			bool is_due = timer->tick <= wheel->elapsed, is_full = out->count + out->callbacks == BATCH;
			if (is_due && is_full && level == 0)
				return true;
			unlink(wheel, timer);
			if (is_due && !is_full)
				take(out, timer);
			else
				link(wheel, timer); /* one level down at least, so that next_slot finds it first */
		}
	}
	wheel->elapsed = now > wheel->elapsed ? now : wheel->elapsed;
	return false;
}

unsigned sk_timers_expire(struct sk_pool *pool, sk_timers *wheel, uint64_t now_ns)
{
	unsigned fired = 0;
	for (bool more = true; more && sk_timers_next(wheel) <= now_ns;) {
		batch out;
		out.count = out.callbacks = 0;
		sk_lock_take(&wheel->lock);
		more = collect(wheel, now_ns >> TICK_SHIFT, &out);
		publish_next(wheel);
		sk_lock_give(&wheel->lock);
		sk_hostile_point();
		sk_waiter_expect(pool, out.ticket, out.count);
		bool alone = out.count == 1 && fired == 0 && !more;
		for (unsigned i = 0; i < out.count; i++)
			sk_waiter_fire_one(pool, out.ticket[i], SK_CAUSE_TIMEOUT, alone);
		for (unsigned i = 0; i < out.callbacks; i++) {
			out.callback[i]->run(out.callback[i]);
			/* edge timer.ran -> : the callback is over */
			sk_store_release(&out.callback[i]->state, SK_TIMER_IDLE);
		}
		fired += out.count + out.callbacks;
	}
	return fired;
}
