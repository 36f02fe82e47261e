/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts: tasks of await.h before they run. A start is a record with a function; it has no stack. It lies on a ready
 * deque or in the inbox like a fiber that is ready, until a worker begins it on a small fiber; from then on it is that
 * fiber's.
 *
 *   made (its maker's count) --> ready deque or inbox --> begun on a small fiber --> ended (the ender's count)
 *
 * Hops: fork-join work needs slots and a deep stack, so SKUA_RUN, loops and the like inside of such a task go on on a
 * big fiber, and the small one waits. That costs two switches and no queue:
 *
 *   small fiber: switch to an idle big fiber, which has the hop handed over --> runs it --> switches back
 *
 * What runs there belongs to the same scope (sched/waiter.h). Only the hop's end resumes the small fiber, so nothing
 * else need know of it.
 *
 * Counting: a stop waits until as many have ended as were made. Each worker counts in a line of its own; what other
 * threads make is counted in one line that they share.
 *
 * | edge         | from                               | to                            | carries                      |
 * |--------------|------------------------------------|-------------------------------|------------------------------|
 * | start.ended  | end: starts_ended, release         | stop: starts_ended, acquire   | nothing of the task runs     |
 *
 * Who may call: said at each function. Nothing blocks.
 */
#ifndef SK_SCHED_START_H
#define SK_SCHED_START_H

#include "sched/inbox.h"
#include "sched/worker.h"

#include <skua/task.h>

struct sk_pool;

/* In the record of whoever uses it. run ends by returning, or by a switch to another fiber with sk_start_end before. */
typedef struct sk_start {
	void (*run)(struct sk_start *start, sk_fiber *fiber);
	sk_inbox_node node;
} sk_start;

/* Makes it ready here, the last in the row. Call from: a worker. */
void sk_start_ready(sk_worker *worker, sk_start *start);

/* The same from a thread that is no worker and keeps the pool alive. */
void sk_start_ready_outside(struct sk_pool *pool, sk_start *start);

/* Begins it on the calling idle small fiber. Call from: the worker's loop. */
void sk_start_begin(sk_start *start, sk_fiber *fiber);

/* Counts the end of the one that runs on the fiber. */
void sk_start_end(sk_fiber *fiber);

/* How many were made and have not ended; a snapshot, 0 only if there was a moment without any. */
uint64_t sk_start_count(struct sk_pool *pool);

typedef struct sk_hop {
	sk_slot *slot;
	sk_fiber *back;
} sk_hop;

/* Runs the slot's task on a big fiber. Call from: a small fiber, the running one. Blocks: the fiber. */
void sk_hop_run(sk_fiber *fiber, sk_slot *slot);

/* The other half. Call from: the worker's loop, on an idle big fiber. */
void sk_hop_begin(sk_hop *hop, sk_fiber *fiber);

#endif
