/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool: all workers of a runtime and what they share. One pool exists at a time; the gate below says whether, and
 * keeps it alive while threads outside use it.
 *
 *   gate  {running:1, stopping:1, closing:1, users:29}. An outside thread adds itself to users while running is set.
 *         The stop changes running for stopping, in which only those come in that wake a task or work for one, and
 *         waits until users is 0 and all tasks are over; then stopping for closing, in which nobody comes in, waits
 *         until users is 0 again and takes the pool apart. Who comes meanwhile to begin something waits for the lock
 *         of starts and stops, and then starts a new pool.
 *
 * | edge       | from                            | to                            | carries                          |
 * |------------|---------------------------------|-------------------------------|----------------------------------|
 * | pool.gate  | start: gate, release            | enter: gate, acquire          | the filled pool                  |
 * | pool.users | leave: users - 1, release       | stop: gate, acquire           | nobody outside uses the pool     |
 * | pool.done  | root's end: active - 1, release | stop: active, acquire         | no task runs                     |
 * | pool.stop  | stop: stop, release             | worker: stop, acquire         | why it leaves                    |
 *
 * Who may call: any thread, as said at each function.
 */
#ifndef SK_SCHED_POOL_H
#define SK_SCHED_POOL_H

#include "sched/idle.h"
#include "sched/inbox.h"
#include "sched/monitor.h"
#include "sched/poller.h"
#include "sched/seat.h"
#include "sched/standstill.h"
#include "sched/worker.h"
#include "sys/clock.h"
#include "sys/topology.h"

#include <skua/runtime.h>

typedef struct sk_pool {
	/* set once */
	unsigned worker_count;
	bool membarrier;     /* may be used: publication is lazy and can be forced */
	bool oversubscribed; /* more workers than places to run them */
	sk_worker *workers;  /* worker_count of them */
	sk_topology *topology;
	sk_fiber_store *fibers;
	sk_fiber_store *small_fibers;
	unsigned offload_limit; /* threads for blocking calls */
	unsigned io;            /* enum sk_io_choice */
	uint64_t force_after_ticks;  /* unanswered for so long: force */
	uint64_t force_gap_ticks;    /* at least so long between two membarriers that need not be */
	uint64_t search_ticks;       /* search so long before parking */
	uint64_t tiny_ticks;         /* a stolen task shorter than this was not worth it */
	uint64_t leaf_ticks;         /* a piece of a loop lasts about so long */
	uint64_t least_leaf_ticks;   /* but not less than that, if there is more than one */
	uint64_t letter_spin_ticks;  /* who waits for the end of a letter, or for the next, looks for so long */
	uint64_t alone_ticks;        /* a loop shorter than this is not worth sharing */
	uint64_t wake_worth_ticks;   /* nor, if it would have to wake somebody, one shorter than this */
	/* written in the child of a fork only: the workers' threads are gone */
	bool forked;
	/* everybody */
	sk_idle idle;
	sk_inbox inbox;
	sk_seat seat;
	sk_monitor monitor;
	sk_poller poller;
	sk_standstill standstill;
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) active; /* roots begun or handed in, and not finished */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) stop;   /* workers leave; every searcher reads it */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint64_t) last_force_ticks; /* the last of these, or what will cost one */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint64_t) starts_made; /* by threads that are no workers; sched/start.h */
	_Alignas(SK_FALSE_SHARING) sk_park_word draining; /* 1: a stop waits for the end of the starts */
} sk_pool;

/*
 * May a membarrier be made now that need not be, or something begun that will cost one? At most once per gap in the
 * whole pool: each interrupts every core. Call from: anywhere; true is to be used.
 */
static inline bool sk_pool_may_disturb(sk_pool *pool)
{
	uint64_t now = sk_clock_ticks();
	uint64_t last = sk_load_relaxed(&pool->last_force_ticks); /* relaxed: a rate limit */
	return now - last >= pool->force_gap_ticks && sk_cas_relaxed(&pool->last_force_ticks, &last, now);
}

/* Something came onto the own ready deque: an idle worker is told, or else the monitor. Call from: the worker. */
static inline void sk_pool_tell(sk_worker *worker)
{
	sk_pool *pool = worker->pool;
	if (sk_idle_notify_owner(&pool->idle, worker->index))
		sk_stats_add(worker, woken, 1);
	else if (sk_idle_searching(&pool->idle) == 0)
		sk_monitor_wake(&pool->monitor);
}

/* Where threads from outside come in: one line, the first of ours that they touch. */
typedef struct sk_pool_entrance {
	/* everybody CASes */
	_Alignas(SK_FALSE_SHARING) sk_park_word gate;
	/* written under the lock of starts and stops while the gate is closed, read by users */
	sk_pool *pool;
} sk_pool_entrance;
extern sk_pool_entrance sk_entrance;

/*
 * What the layers above have to do when a pool stops (its tasks are over, its threads are gone) and in the child of a
 * fork. First all end what threads they have, for such a thread may still be waking somebody, through any of them; then
 * all put away what they hold. Registered once, at first use; at most eight. Call from: anywhere.
 */
typedef struct sk_pool_hooks {
	void (*end_threads)(sk_pool *pool);
	void (*stop)(sk_pool *pool);
	void (*after_fork)(void);
} sk_pool_hooks;
void sk_pool_hook(const sk_pool_hooks *hooks);

/* Starts a pool. Returns as skua_start; problem gets its words. Call from: an outside thread. */
int sk_pool_start(const skua_config *config);
const char *sk_pool_problem(void);

/* Stops it. Call from: an outside thread. */
void sk_pool_stop(void);

/*
 * The running pool, kept alive until sk_pool_leave; starts one if there is none. NULL: it could not be started.
 * Call from: an outside thread.
 */
sk_pool *sk_pool_enter(void);

/* Why the last start failed, a negative errno. Call from: a thread to which sk_pool_enter gave NULL. */
int sk_pool_error(void);

/* As sk_pool_enter, but NULL when none is running. Call from: any thread. */
sk_pool *sk_pool_try_enter(void);

/* The same also while the pool stops and its tasks are not over: to wake one. Call from: any thread. */
sk_pool *sk_pool_try_enter_to_wake(void);

/* The calling thread, no worker, works for a task of the pool until the end is said: it may come in until then. */
void sk_pool_serve(bool begins);

void sk_pool_leave(sk_pool *pool);

#endif
