/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of waiters; see queue.h. */
#include "await/queue.h"

#include "base/hot.h"
#include "base/hostile.h"
#include "sched/pool.h"
#include "sched/suspend.h"

/* Who wakes is asked for when the first is won. */
static inline void know(sk_waker *waker)
{
	if (waker->is_known)
		return;
	waker->is_known = true;
	waker->worker = sk_worker_self();
	waker->pool = waker->worker ? waker->worker->pool : sk_waiter_pool(&waker->entered);
}

static inline bool win(sk_waker *waker, sk_queue *queue, sk_queue_node *node)
{
	know(waker);
	sk_queue_remove(queue, node);
	if (SK_UNLIKELY(!node->fiber || sk_ticket_is_thread(node->ticket)))
		node->won = sk_waiter_win(waker->pool, node->ticket, node->cause);
	else
		node->won = sk_waiter_win_fiber(node->fiber, node->ticket, node->cause) ? node->fiber : NULL;
	if (!node->won)
		return false; /* from here on the node is its waiter's */
	node->next = NULL; /* Q2 */
	if (waker->last)
		waker->last->next = node;
	else
		waker->first = node;
	waker->last = node;
	return true;
}

bool sk_waker_win(sk_waker *waker, sk_queue *queue, sk_queue_node *node)
{
	return win(waker, queue, node);
}

sk_queue_node *sk_waker_win_first(sk_waker *waker, sk_queue *queue)
{
	for (sk_queue_node *node; (node = queue->first);)
		if (win(waker, queue, node))
			return node;
	return NULL;
}

void sk_waker_win_all(sk_waker *waker, sk_queue *queue)
{
	while (sk_waker_win_first(waker, queue))
		;
}

void sk_waker_tell_all(sk_waker *waker)
{
	sk_hostile_point();
	/* A single one goes next here, while what it was given is in the cache; several keep their order. */
	bool soon = waker->first == waker->last;
	for (sk_queue_node *node = waker->first, *next; node; node = next) {
		next = node->next; /* read first: a waiter that was told takes its node with it */
		if (SK_UNLIKELY(!waker->worker || sk_ticket_is_thread(node->ticket)))
			sk_waiter_tell(waker->pool, node->ticket, node->won, soon);
		else
			sk_worker_ready(waker->worker, sk_entry_make(SK_ENTRY_FIBER, node->won), soon);
	}
	if (waker->entered)
		sk_pool_leave(waker->pool);
	*waker = (sk_waker){ 0 };
}
