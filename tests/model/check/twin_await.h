/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies beside sched/waiter.c and the objects of await/: a pool of a few fibers, each with a worker of its own, a
 * place for the tasks that are started, and one for the ticket of a timer. The scenario says which of the model's
 * threads stands for which fiber; the others are plain threads.
 */
#ifndef MODEL_TWIN_AWAIT_H
#define MODEL_TWIN_AWAIT_H

#include "await/async.h"
#include "sched/pool.h"
#include "twin_fiber.h"

#define TWIN_FIBERS 4u
#define TWIN_STARTS 3u
#define TWIN_NO_FIBER 0xffu

typedef struct twin_await {
	sk_pool pool;
	twin_fiber fiber[TWIN_FIBERS];
	uint8_t fiber_of[MODEL_THREADS]; /* by thread; TWIN_NO_FIBER: a plain one */
	/* what was started, in this order */
	SK_ATOMIC(sk_start *) start[TWIN_STARTS];
	unsigned started;
	/* of a wait with a deadline */
	SK_ATOMIC(sk_ticket) timer;
} twin_await;

extern twin_await *twin;

/* The model's first threads are on fibers, so many. */
void twin_await_setup(unsigned fibers);

/* Before it: records for the waits of plain threads (checked_waiter.c). */
void twin_threads_setup(void);

/* Waits for the index-th start, and runs it on the calling thread's fiber. */
void twin_run_start(unsigned index);

/* Fires the timer, if it has been set. */
void twin_fire_timer(void);

#endif
