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
/* After so many rounds in which all workers were awake and came to everything by themselves, events among it, it comes
 * less often. */
#define CALM 8u
/* The same after so many rounds in which no event came to anybody. */
#define QUIET 16u
#define TRIM_PERIOD_NS UINT64_C(1000000000)
/* So many stacks are given back at a time: ten thousand take longer than an event may wait for the monitor. */
#define TRIM_MOST 256u

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

static inline uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* What the workers have done since the monitor came last. */
typedef struct observed {
	bool look;  /* one has looked at the kernel's events */
	bool stuck; /* something waits in the inbox, or one has taken nothing of what waits on its ready deque */
} observed;

static observed observe(sk_pool *pool)
{
	observed all = { .look = false, .stuck = !sk_inbox_seen_empty(&pool->inbox) };
	for (unsigned i = 0; i < pool->worker_count; i++) {
		sk_worker *worker = &pool->workers[i];
		sk_ready_thief ready = { &worker->ready };
		/* relaxed, both: counts, and the monitor comes back */
		uint32_t looks = sk_load_relaxed(&worker->looks);
		uint64_t taken = sk_load_relaxed(&worker->counters.ready_taken);
		all.look |= looks != worker->looks_then;
		all.stuck |= taken == worker->taken_then && !sk_ready_deque_seen_empty(ready);
		worker->looks_then = looks;
		worker->taken_then = taken;
	}
	return all;
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

/* Gives memory back. Returns when there may be more to give. */
static uint64_t trim(sk_pool *pool, uint64_t now)
{
	bool is_over;
	size_t left = sk_fiber_trim(pool->small_fibers, KEEP_SMALL * (size_t)pool->worker_count, TRIM_MOST, &is_over);
	if (!is_over)
		return now + SK_MONITOR_PERIOD_NS;
	return left > 0 ? now + TRIM_PERIOD_NS : SK_TIMERS_NEVER;
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
	bool is_neglected = until > now + SK_MONITOR_CALM_NS && sk_poller_is_neglected(pool);
	if (fire_overdue(pool, now) >= until && !sk_monitor_is_needed(pool) && !is_neglected)
		sk_park_wait(&monitor->word, 0, until);
	sk_store_relaxed(&monitor->until_ns, 0); /* relaxed: it is awake and looks at everything anew */
}

/* What the monitor keeps from one time to the next. */
typedef struct rounds {
	unsigned calm;     /* so many in a row without anything for it to do */
	unsigned quiet;    /* so many in a row without an event */
	uint64_t round_ns; /* when it judged last */
	bool waited;
	uint64_t watched_ns; /* when it last found nobody in the reactor; 0: that is long ago */
	uint64_t trim_ns;
} rounds;

/* Is there little for it to do? Looks at the events if the workers do not. */
static void judge(sk_pool *pool, rounds *kept, uint64_t now, bool is_neglected)
{
	observed workers = observe(pool);
	bool others_look = workers.look && now - kept->round_ns < 2 * SK_MONITOR_CALM_NS; /* and not long ago */
	kept->round_ns = now;
	if (is_neglected && !others_look)
		sk_poller_look(pool);
	kept->quiet = sk_poller_had_events(pool) ? 0 : kept->quiet + 1;
	bool is_seen_to = kept->quiet >= QUIET || (others_look && !sk_idle_sleeper_seen(&pool->idle));
	if (workers.stuck || (is_neglected && !is_seen_to))
		kept->calm = 0;
	else if (is_neglected)
		kept->calm++;
}

/* Sees to what waits. Returns whether anything does. */
static bool attend(sk_pool *pool, rounds *kept)
{
	bool waits = sk_monitor_is_needed(pool);
	if (waits)
		look_at_soon(pool);
	if (waits && kept->waited) {
		look_at_queues(pool);
		tick(pool);
	}
	kept->waited = waits;
	return waits;
}

/* Nothing waits: what else is to be done, and when. */
static uint64_t rest(sk_pool *pool, rounds *kept, uint64_t now, uint64_t period_ns, bool is_neglected)
{
	uint64_t next = SK_TIMERS_NEVER;
	if (is_neglected)
		kept->watched_ns = now;
	if (kept->watched_ns && now - kept->watched_ns < LINGER_NS)
		next = now + period_ns;
	else
		kept->watched_ns = 0;
	if (kept->trim_ns == SK_TIMERS_NEVER || now >= kept->trim_ns)
		kept->trim_ns = trim(pool, now);
	uint64_t look_ns = sk_standstill_look(pool, now);
	next = earlier(next, look_ns);
	return earlier(next, kept->trim_ns);
}

static void watch(void *argument)
{
	sk_pool *pool = argument;
	sk_monitor *monitor = &pool->monitor;
	rounds kept = { .trim_ns = SK_TIMERS_NEVER };
	for (;;) {
		sk_hostile_point();
		/* edge -> monitor.wake : what waits, and the stop; the exchange comes before the looks, or it takes
		 * away the wake of what came between */
		sk_exchange_acquire(&monitor->word, 0);
		if (sk_load_acquire(&pool->stop)) /* edge -> pool.stop : why it ends */
			return;
		uint64_t now = sk_clock_ns(), overdue = fire_overdue(pool, now);
		sk_fence_seq_cst(); /* edge -> monitor.wake : the word is cleared before the look */
		bool is_neglected = sk_poller_is_neglected(pool);
		/* Who is woken early would find that nobody has done anything meanwhile: he comes back soon instead. */
		bool is_early = now - kept.round_ns < SK_MONITOR_PERIOD_NS / 2;
		if (!is_early)
			judge(pool, &kept, now, is_neglected);
		bool waits = attend(pool, &kept);
		uint64_t period_ns = is_early || kept.calm < CALM ? SK_MONITOR_PERIOD_NS : SK_MONITOR_CALM_NS;
		if (waits) { /* it comes back by itself: nobody need make a system call meanwhile */
			sk_store_relaxed(&monitor->word, 1); /* relaxed: a word to those who would wake it */
			sk_park_wait(&monitor->word, 1, earlier(overdue, now + period_ns));
			continue;
		}
		sleep_until(pool, earlier(overdue, rest(pool, &kept, now, period_ns, is_neglected)));
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
