/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor; see monitor.h. */
#include "sched/monitor.h"

#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/task_stack.h"
#include "sys/clock.h"
#include "sys/membarrier.h"

/* Small fibers whose memory stays, for each worker; and how long one of the others must not have been needed. */
#define KEEP_SMALL 256u
/* After a time without a look at the reactor it comes back for a while, so that traffic need not wake it each time. */
#define LINGER_NS UINT64_C(100000000)
#define LINGER_PERIOD_NS SK_MONITOR_PERIOD_NS
#define TRIM_PERIOD_NS UINT64_C(1000000000)

void sk_monitor_wake_asleep(sk_monitor *monitor)
{
	sk_store_release(&monitor->word, 1); /* edge monitor.wake -> : what waits was put there before */
	sk_park_wake(&monitor->word, 1);
}

void sk_monitor_notify(sk_pool *pool)
{
	if (!sk_idle_notify(&pool->idle, 0) && sk_idle_searching(&pool->idle) == 0)
		sk_monitor_wake(&pool->monitor);
}

void sk_monitor_expect(sk_pool *pool, uint64_t at_ns)
{
	sk_fence_seq_cst(); /* edge -> monitor.until : the timer was set before until_ns is read */
	uint64_t until = sk_load_relaxed(&pool->monitor.until_ns); /* relaxed: the fence */
	if (until > SK_TIMERS_GRACE_NS && at_ns < until - SK_TIMERS_GRACE_NS)
		sk_monitor_wake(&pool->monitor);
}

/* Slots of a suspended fiber are no reason to tick: they are for who has nothing to do. */
bool sk_monitor_is_needed(sk_pool *pool)
{
	if (!sk_inbox_seen_empty(&pool->inbox))
		return true;
	for (unsigned i = 0; i < pool->worker_count; i++)
		if (sk_ready_deque_seen_other((sk_ready_thief){ &pool->workers[i].ready }, SK_ENTRY_SLOTS))
			return true;
	return false;
}

/*
 * What a worker has woken and wanted to do next, but has not come round to since the last look: it is told to others
 * after all, and the worker is not trusted with such any more.
 */
static void look_at_soon(sk_pool *pool)
{
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		sk_entry seen = sk_ready_deque_soon_seen((sk_ready_thief){ &worker->ready });
		if (seen && seen == worker->soon_then) {
			sk_store_relaxed(&worker->soon_trust, 0); /* relaxed: a guess */
			sk_idle_notify(&pool->idle, i);
		}
		worker->soon_then = seen;
	}
}

/* What stands in queues though others may sleep: who put it there saw them awake, or the seat taken. */
static void look_at_queues(sk_pool *pool)
{
	if (!sk_inbox_seen_empty(&pool->inbox) && !sk_idle_notify(&pool->idle, 0))
		return; /* somebody searches, or nobody sleeps */
	for (unsigned i = 0; i < pool->worker_count; i++)
		if (!sk_ready_deque_queue_seen_empty((sk_ready_thief){ &pool->workers[i].ready }) &&
		    !sk_idle_notify(&pool->idle, i))
			return;
}

/*
 * Has a worker looked at the kernel's events since the last time? Then the monitor need not: what it finds it has to
 * send to a worker, and on a busy machine it takes the core from one.
 */
static bool others_look(sk_pool *pool)
{
	bool look = false;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		uint32_t looks = sk_load_relaxed(&worker->looks); /* relaxed: a count, and the monitor comes back */
		look = look || looks != worker->looks_then;
		worker->looks_then = looks;
	}
	return look;
}

static void tick(sk_pool *pool)
{
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		sk_fiber *fiber = sk_load_acquire(&worker->running); /* edge -> worker.running : the header */
		if (!fiber)
			continue;
		sk_store_relaxed(&worker->tick, 1); /* relaxed: a request without data */
		sk_task_stack_arm((sk_task_thief){ fiber });
	}
}

/* Gives memory back. Returns whether there may be more to give, a while later. */
static bool trim(sk_pool *pool)
{
	return sk_fiber_trim(pool->small_fibers, KEEP_SMALL * (size_t)pool->worker_count) > 0;
}

/* Fires timers that nobody came to. Returns when the next one will be overdue. */
static uint64_t fire_overdue(sk_pool *pool, uint64_t now)
{
	uint64_t next = SK_TIMERS_NEVER;
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_timers *timers = &pool->workers[i].timers;
		if (sk_timers_next(timers) <= now - SK_TIMERS_GRACE_NS)
			sk_timers_expire(pool, timers, now);
		uint64_t at = sk_timers_next(timers);
		if (at < next)
			next = at;
	}
	return next < SK_TIMERS_NEVER - SK_TIMERS_GRACE_NS ? next + SK_TIMERS_GRACE_NS : SK_TIMERS_NEVER;
}

/* Sleeps until somebody wakes it or that time. */
static void sleep_until(sk_pool *pool, uint64_t until)
{
	sk_monitor *monitor = &pool->monitor;
	sk_store_seq_cst(&monitor->until_ns, until); /* edge monitor.until -> : before the look at the timers */
	sk_fence_seq_cst();                          /* edge monitor.until -> : as above */
	if (pool->membarrier)
		sk_membarrier(); /* edge monitor.wake -> : an owner's push is seen, or the owner sees the word */
	uint64_t now = sk_clock_ns();
	/* Who expects an event, or has left the reactor, before it could see until_ns has not woken us. */
	bool is_neglected = until > now + SK_TIMERS_GRACE_NS && sk_poller_is_neglected(pool);
	if (fire_overdue(pool, now) >= until && !sk_monitor_is_needed(pool) && !is_neglected)
		sk_park_wait(&monitor->word, 0, until);
	sk_store_relaxed(&monitor->until_ns, 0); /* relaxed: it is awake and looks at everything anew */
}

static void watch(void *argument)
{
	sk_pool *pool = argument;
	sk_monitor *monitor = &pool->monitor;
	uint64_t trim_ns = SK_TIMERS_NEVER, watched_ns = 0;
	bool waited = false;
	for (;;) {
		sk_hostile_point();
		/* edge -> monitor.wake : what waits, and the stop; the exchange comes before the looks, or it takes
		 * away the wake of what came between */
		sk_exchange_acquire(&monitor->word, 0);
		if (sk_load_acquire(&pool->stop)) /* edge -> pool.stop : why it ends */
			return;
		uint64_t now = sk_clock_ns(), next = fire_overdue(pool, now);
		sk_fence_seq_cst(); /* edge -> monitor.wake : the word is cleared before the look */
		bool is_neglected = sk_poller_is_neglected(pool);
		if (is_neglected && !others_look(pool))
			sk_poller_look(pool);
		bool waits = sk_monitor_is_needed(pool);
		if (waits) {
			look_at_soon(pool);
			if (waited) {
				look_at_queues(pool);
				tick(pool);
			}
		}
		waited = waits;
		if (waits) { /* it comes back by itself: nobody need make a system call meanwhile */
			sk_store_relaxed(&monitor->word, 1); /* relaxed: a word to those who would wake it */
			sk_park_wait(&monitor->word, 1, now + SK_MONITOR_PERIOD_NS);
			continue;
		}
		if (is_neglected)
			watched_ns = now;
		if (watched_ns && now - watched_ns < LINGER_NS)
			next = next < now + LINGER_PERIOD_NS ? next : now + LINGER_PERIOD_NS;
		else
			watched_ns = 0;
		if (trim_ns == SK_TIMERS_NEVER || now >= trim_ns)
			trim_ns = trim(pool) ? now + TRIM_PERIOD_NS : SK_TIMERS_NEVER;
		uint64_t look_ns = sk_standstill_look(pool, now);
		next = next < look_ns ? next : look_ns;
		sleep_until(pool, next < trim_ns ? next : trim_ns);
	}
}

int sk_monitor_start(sk_pool *pool)
{
	return sk_thread_create(&pool->monitor.thread, "skua-monitor", watch, pool);
}

void sk_monitor_stop(sk_pool *pool)
{
	sk_store_release(&pool->monitor.word, 1); /* edge monitor.wake -> : the stop */
	sk_park_wake(&pool->monitor.word, 1);
	sk_thread_join(&pool->monitor.thread);
}
