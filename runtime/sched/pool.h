/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool: all workers of a runtime and what they share. One pool exists at a time; the gate below says whether, and
 * keeps it alive while threads outside use it.
 *
 *   gate  {running:1, stopping:1, users:30}. An outside thread adds itself to users while running is set; the stop
 *         clears running, waits until users is 0 and only then takes the pool apart. Who comes meanwhile waits for the
 *         lock of starts and stops and then starts a new pool.
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
#include "sched/seat.h"
#include "sched/worker.h"
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
	uint64_t force_after_ticks;  /* unanswered for so long: force */
	uint64_t force_gap_ticks;    /* at least so long between two forces */
	uint64_t search_ticks;       /* search so long before parking */
	uint64_t tiny_ticks;         /* a stolen task shorter than this was not worth it */
	uint64_t leaf_ticks;         /* a piece of a loop lasts about so long */
	uint64_t alone_ticks;        /* a loop shorter than this is not worth sharing */
	uint64_t wake_worth_ticks;   /* nor, if it would have to wake somebody, one shorter than this */
	/* written in the child of a fork only: the workers' threads are gone */
	bool forked;
	/* everybody */
	sk_idle idle;
	sk_inbox inbox;
	sk_seat seat;
	sk_monitor monitor;
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) active; /* roots begun or handed in, and not finished */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint32_t) stop;   /* workers leave; every searcher reads it */
	_Alignas(SK_FALSE_SHARING) SK_ATOMIC(uint64_t) last_force_ticks;
	SK_ATOMIC(uint64_t) deadline_ns; /* the earliest timer: nobody parks beyond it; SK_PARK_FOREVER: none */
} sk_pool;

/* Where threads from outside come in: one line, the first of ours that they touch. */
typedef struct sk_pool_entrance {
	/* everybody CASes */
	_Alignas(SK_FALSE_SHARING) sk_park_word gate;
	/* written under the lock of starts and stops while the gate is closed, read by users */
	sk_pool *pool;
} sk_pool_entrance;
extern sk_pool_entrance sk_entrance;

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

/* As sk_pool_enter, but NULL when none is running. Call from: any thread. */
sk_pool *sk_pool_try_enter(void);

/* Notes what the calling thread will touch when it takes the seat again, this fiber above all, so that it can ask for
 * that in advance. Call from: the thread in the seat. */
void sk_pool_expect(sk_pool *pool, sk_fiber *fiber);
void sk_pool_leave(sk_pool *pool);

#endif
