/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks for the kernel's events; see poller.h. */
#include "sched/poller.h"

#include "base/hostile.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <errno.h>

static inline const sk_poller_ops *ops_of(sk_pool *pool)
{
	return sk_load_acquire(&pool->poller.ops); /* edge -> poller.ops : the reactor is ready */
}

void sk_poller_install(sk_pool *pool, const sk_poller_ops *ops)
{
	sk_store_release(&pool->poller.ops, ops); /* edge poller.ops -> : the reactor is ready */
}

/* The flag is cleared about each millisecond, so it is seldom written. */
static unsigned poll_until(sk_pool *pool, const sk_poller_ops *ops, uint64_t until_ns)
{
	unsigned fired = ops->poll(pool, until_ns);
	if (fired > 0 && !sk_load_relaxed(&pool->poller.had_events)) /* relaxed, both: a hint */
		sk_store_relaxed(&pool->poller.had_events, 1);
	return fired;
}

unsigned sk_poller_look(sk_pool *pool)
{
	const sk_poller_ops *ops = ops_of(pool);
	return ops && ops->expects(pool) ? poll_until(pool, ops, 0) : 0;
}

bool sk_poller_had_events(sk_pool *pool)
{
	bool had_events = sk_load_relaxed(&pool->poller.had_events) != 0; /* relaxed, both: a hint */
	if (had_events)
		sk_store_relaxed(&pool->poller.had_events, 0);
	return had_events;
}

bool sk_poller_expects(sk_pool *pool)
{
	const sk_poller_ops *ops = ops_of(pool);
	return ops && ops->expects(pool);
}

void sk_poller_wanted(sk_pool *pool)
{
	sk_fence_seq_cst(); /* edge -> poller.expect : it is expected, before the look */
	if (!sk_load_relaxed(&pool->poller.holder)) /* relaxed: the fence */
		sk_monitor_expect(pool, sk_clock_ns() + SK_MONITOR_PERIOD_NS);
}

bool sk_poller_is_neglected(sk_pool *pool)
{
	const sk_poller_ops *ops = ops_of(pool);
	/* relaxed: the monitor comes back */
	return ops && !sk_load_relaxed(&pool->poller.holder) && ops->expects(pool);
}

int sk_poller_park(sk_pool *pool, sk_park_word *word, uint64_t until_ns)
{
	const sk_poller_ops *ops = ops_of(pool);
	sk_park_word *nobody = NULL;
	/* relaxed: a quick no. edge poller.hold -> : before the look at the word */
	if (!ops || sk_load_relaxed(&pool->poller.holder) || !sk_cas_seq_cst(&pool->poller.holder, &nobody, word))
		return sk_park_wait(word, 0, until_ns);
	sk_hostile_point();
	int result = 0;
	if (!sk_load_seq_cst(word)) { /* edge poller.hold -> : either we see the word or the waker sees us */
		bool is_idle = poll_until(pool, ops, until_ns) == 0;
		if (is_idle && until_ns != SK_PARK_FOREVER && sk_clock_ns() >= until_ns)
			result = -ETIMEDOUT;
		else if (!is_idle)
			result = -EINPROGRESS;
	}
	sk_store_seq_cst(&pool->poller.holder, NULL); /* edge poller.hold -> : who wakes us now uses the futex */
	sk_fence_seq_cst();                           /* edge poller.expect -> : left, before the look */
	if (ops->expects(pool)) /* no earlier than it comes by itself: this is no rare thing */
		sk_monitor_expect(pool, sk_clock_ns() + SK_MONITOR_CALM_NS - SK_TIMERS_GRACE_NS);
	return result;
}

void sk_poller_wake(sk_pool *pool, sk_park_word *word)
{
	/* edge -> poller.hold : the word was set before */
	if (sk_load_seq_cst(&pool->poller.holder) == word) {
		ops_of(pool)->interrupt(pool);
		return;
	}
	sk_park_wake(word, 1);
}
