/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tasks of await.h, as futures and in groups: one record each, in which everything lies that a task needs before it
 * runs and after it.
 *
 *   state, of a future:   RUNNING --finish--> DONE --await--> FREE
 *                         RUNNING --await, its commit--> ticket --finish--> DONE      (and the ticket is fired)
 *                         ticket --timeout or cancel: CAS--> RUNNING
 *                         RUNNING --drop: CAS--> DROPPED --finish--> FREE             (DONE --drop--> FREE)
 *   of a group's task:    DROPPED from the beginning; the group counts it (await/group.h)
 *
 *   finish                                            await
 *   1  the result is in the record                    1  DONE: take the result
 *   2  old = exchange(state, DONE)                    2  else wait; enlist: CAS(RUNNING -> ticket), or DONE: not
 *   3  a ticket: claim it, go on there; DROPPED: free 3  woken by another cause: CAS(ticket -> RUNNING); or DONE: 1
 *
 * By cases on the finisher's exchange and the waiter's CAS, as at a join (sched/join.h): the first decides, and the
 * second one sees it. What 3 of finish fires may be stale, since the waiter was woken by its timer meanwhile: it then
 * finds DONE at its 3. Whoever finds DONE frees the record; the finisher does not touch it after its exchange.
 *
 * Records come from slabs that are never given back, so that a state can be read after the end (a future that is
 * awaited twice is found that way), and a scope's word by a late canceller. Each worker keeps some.
 *
 * | edge          | from                            | to                              | carries                |
 * |---------------|---------------------------------|---------------------------------|------------------------|
 * | async.done    | finish: exchange, release       | await: state, acquire           | the result             |
 * | async.wait    | enlist: CAS, release            | finish: exchange, acquire       | the ticket             |
 *
 * Who may call: said at each function.
 * Source: futures as in Halstead, "Multilisp" (TOPLAS 7, 1985).
 */
#ifndef SK_AWAIT_ASYNC_H
#define SK_AWAIT_ASYNC_H

#include "sched/start.h"
#include "sched/waiter.h"

struct sk_group;

typedef struct sk_async {
	/* first, so that a wait touches one line of it */
	_Alignas(SK_FALSE_SHARING) sk_scope scope;
	sk_start start;
	/* who finishes, who awaits */
	SK_ATOMIC(uint64_t) state;
	/* set at the start; arg is the result afterwards */
	void *arg;
	void *(*fn)(void *arg);
	/* under the group's lock */
	struct sk_group *group;
	struct sk_async *group_next, **group_link;
	/* of the task and all that it has spawned: groups that were begun and not waited for */
	SK_ATOMIC(uint32_t) open_groups;
	struct sk_async *next_free;
} sk_async;

/* A record with everything but fn, arg and state set. NULL: no memory. Call from: anywhere. */
sk_async *sk_async_new(void);

/* Gives a record back that was not started. */
void sk_async_free(sk_async *async);

/* Starts it. The caller has filled it. 0, or an error of the runtime's start. Call from: anywhere. */
int sk_async_start(sk_async *async);

/* The task that the caller belongs to; NULL outside of await's tasks. */
sk_async *sk_async_self(void);

/* Words of state that are no tickets. */
enum { SK_ASYNC_RUNNING = 0, SK_ASYNC_DONE = 4, SK_ASYNC_DROPPED = 8, SK_ASYNC_FREE = 12 };

/* For select: registers the ticket; false: it is done. And takes it back; true: it is done. */
bool sk_async_enlist(void *async, sk_ticket ticket);
bool sk_async_delist(sk_async *async, sk_ticket ticket);

#endif
