/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of those who wait at an object: first in, first out, a node on each waiter's stack, under the lock of the
 * object. Who takes a waiter out of it wins his ticket there, under that lock, and wakes him after it:
 *
 *   who wakes                                            the waiter, in sk_wait
 *   1  lock                                              1  enlist: lock; nothing there for him: into the queue; unlock
 *   2  take the first node out; win its ticket;          2  woken by a timer or a cancellation: lock; still in the
 *      lost: it has given up, the next one                  queue: out of it; unlock; nothing has happened
 *   3  give it what it waits for                         3  woken by the event: what it waits for is there, and the
 *   4  unlock; tell those who were won                      object is not touched any more
 *
 *   Q1  exactly one outcome: the first who ends the ticket decides (sched/waiter.h, U1). Who has given up was won by
 *       nobody, so it has nothing to pass on, and what it might have got goes to the next one.
 *   Q2  a node that was won lies still until its waiter is told: the nodes themselves link those who are to be told.
 *   Q3  no call of the program's code and no wake-up takes place under an object's lock.
 *
 * Lock order: an object's lock is the last one, but for a condition's, under which waiters are moved to their mutex.
 *
 * Who may call: who holds the object's lock; sk_waker_tell without it.
 */
#ifndef SK_AWAIT_QUEUE_H
#define SK_AWAIT_QUEUE_H

#include "sched/waiter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_waitable;

typedef struct sk_queue_node {
	/* under the object's lock, until it is won; then the waker's, until it is told */
	struct sk_queue_node *next, *before;
	bool is_queued;
	/* set before it is queued */
	bool is_writer;   /* of a read-write lock: what it waits for */
	bool is_handed;   /* of a mutex: it was woken as the owner */
	uint32_t cause;   /* what to win the ticket with */
	sk_ticket ticket; /* 0: it was never queued */
	sk_fiber *fiber;  /* who waits; NULL: a thread, or it is to be found by its ticket */
	void *won;        /* the waker's: whom to tell */
	/* what is transferred */
	int result;
	void *value;       /* of a channel: where the element is, or is to be */
	uint64_t since_ns; /* of a mutex: when it was first passed over; 0: not yet */
	/* of a condition: in whose queue it is; changed under that one's lock */
	SK_ATOMIC(struct sk_waitable *) where;
} sk_queue_node;

/*
 * Before a wait: the fiber that will wait, or NULL. A value for the whole struct would cost more than the wait:
 * compilers clear it in a loop.
 */
static inline void sk_queue_node_init(sk_queue_node *node, sk_fiber *fiber, uint32_t cause, void *value)
{
	node->is_queued = node->is_writer = node->is_handed = false;
	node->cause = cause;
	node->ticket = 0;
	node->fiber = fiber;
	node->result = 0;
	node->value = value;
	node->since_ns = 0;
}

/* A ring: first->before is the last one. */
typedef struct sk_queue {
	sk_queue_node *first;
} sk_queue;

static inline void sk_queue_push_first(sk_queue *queue, sk_queue_node *node)
{
	sk_queue_node *first = queue->first;
	node->next = first ? first : node;
	node->before = first ? first->before : node;
	node->next->before = node->before->next = node;
	queue->first = node;
	node->is_queued = true;
}

static inline void sk_queue_push(sk_queue *queue, sk_queue_node *node)
{
	sk_queue_push_first(queue, node);
	queue->first = node->next;
}

static inline void sk_queue_remove(sk_queue *queue, sk_queue_node *node)
{
	if (queue->first == node)
		queue->first = node->next == node ? NULL : node->next;
	node->next->before = node->before;
	node->before->next = node->next;
	node->is_queued = false;
}

/*
 * Those who were won and are to be told, and who tells: a worker, or a thread that keeps the pool alive meanwhile. It
 * does not outlive a wait, after which the caller may be on another worker.
 */
typedef struct sk_waker {
	sk_queue_node *first, *last;
	struct sk_worker *worker;
	struct sk_pool *pool;
	bool is_known, entered;
} sk_waker;

/* Takes the node out, and wins its ticket. false: it has given up. */
bool sk_waker_win(sk_waker *waker, sk_queue *queue, sk_queue_node *node);

/* The first one that has not given up; NULL: nobody. */
sk_queue_node *sk_waker_win_first(sk_waker *waker, sk_queue *queue);

/* All of them. */
void sk_waker_win_all(sk_waker *waker, sk_queue *queue);

/* 4. Call from: without a lock. */
void sk_waker_tell_all(sk_waker *waker);

static inline void sk_waker_tell(sk_waker *waker)
{
	if (waker->is_known)
		sk_waker_tell_all(waker);
}

#endif
