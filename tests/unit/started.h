/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A started runtime for a test, and what its tasks need to meet each other in a certain order: flags to wait for with
 * the worker kept, and events to wait for with the fiber suspended.
 *
 * Waiting for a flag lets other threads have the core, but keeps the worker: it is how a test makes sure that a task
 * runs elsewhere. An event fires once.
 */
#ifndef SK_TESTS_STARTED_H
#define SK_TESTS_STARTED_H

#include "base/atomic.h"
#include "sched/pool.h"
#include "sched/suspend.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <skua/skua.h>

static inline void start(unsigned workers, bool no_membarrier)
{
	skua_config config = { .workers = workers, .bind = "none", .no_membarrier = no_membarrier };
	int error = skua_start(&config);
	cr_assert_eq(error, 0, "%s: %s", skua_strerror(error), skua_start_problem());
	cr_assert_eq(skua_workers(), workers);
}

/* The counters' sum while no task runs. */
static inline skua_worker_stats total(void)
{
	skua_stats stats = { .capacity = 0 };
	cr_assert_eq(skua_stats_read(&stats), 0);
	return stats.total;
}

/* Each suspended fiber has gone on: nobody is left behind. */
static inline void stop_settled(void)
{
	skua_worker_stats stats = total();
	cr_assert_eq(stats.suspended, stats.resumed, "%d fibers stopped, %d went on", (int)stats.suspended,
		     (int)stats.resumed);
	skua_stop();
	cr_assert_eq(skua_workers(), 0);
}

/* Runs the scenario with 1 to 4 workers, with private tasks and without. */
static inline void with_workers(unsigned from, unsigned to, void (*scenario)(void))
{
	for (unsigned workers = from; workers <= to; workers++) {
		for (int eager = 0; eager < 2; eager++) {
			start(workers, eager);
			scenario();
			stop_settled();
		}
	}
}

typedef SK_ATOMIC(uint32_t) flag;

static inline void flag_raise(flag *flag_)
{
	sk_store_release(flag_, 1);
}

static inline void flag_await(flag *flag_)
{
	while (!sk_load_acquire(flag_))
		sched_yield();
}

/* 0: nothing has happened; EVENT_FIRED; or the fiber that waits. */
typedef SK_ATOMIC(uintptr_t) event;
#define EVENT_FIRED ((uintptr_t)1)

static inline bool event_register(sk_worker *worker, sk_fiber *fiber, void *arg)
{
	uintptr_t nothing = 0;
	sk_suspend_share(worker, fiber);
	return sk_cas_acq_rel((event *)arg, &nothing, (uintptr_t)fiber);
}

static inline void event_await(sk_fiber *fiber, event *event_)
{
	while (sk_load_acquire(event_) != EVENT_FIRED)
		if (!sk_suspend(fiber, event_register, event_, SK_WAIT_LOCK))
			sched_yield();
}

/* Call from: a task. */
static inline void event_fire(event *event_)
{
	uintptr_t old = sk_exchange_acq_rel(event_, EVENT_FIRED);
	if (old > EVENT_FIRED)
		sk_resume(sk_worker_self(), (sk_fiber *)old);
}

/* Call from: any thread that keeps the pool alive. */
static inline void event_fire_outside(sk_pool *pool, event *event_)
{
	uintptr_t old = sk_exchange_acq_rel(event_, EVENT_FIRED);
	if (old > EVENT_FIRED)
		sk_resume_outside(pool, (sk_fiber *)old);
}

/* What a stolen task's slot says: 0 it runs, 1 it is done, else who waits for it. */
static inline uintptr_t state_of(const sk_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

#endif
