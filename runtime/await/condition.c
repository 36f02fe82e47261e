/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: skua_cond of sync.h. A signal wakes nobody who would find the mutex locked: it moves a waiter into the
 * queue of his mutex, which its unlocks work off one by one. So a broadcast is no stampede. Is the mutex free, the
 * signal wakes the first one itself, as an unlock would.
 *
 *   wait: enlist, on the next context                     signal
 *   1  lock the condition; into its queue; unlock         1  lock the condition
 *   2  unlock the mutex                                   2  lock the mutex's queue; move the node, or win it
 *   3  woken by the mutex or the signal, to try, or by a  3  unlock the condition
 *      timer or a cancellation                            4  unlock the mutex's queue; tell who was won
 *
 *   C1  a node's `where` says in whose queue it is, and is changed under both locks. A waiter who was woken by a timer
 *       locks where and looks again; what he finds decides: at the mutex he was signalled before, and returns 0, else
 *       the deadline came first. So no signal is lost by going to someone who gives up.
 *   C2  the mutex is locked again before the wait returns, whatever it returns.
 *   C3  B2 of waitable.h: whoever has the mutex meanwhile may unlock it, but finds the moved waiter only behind 4, so
 *       the condition is not touched any more by then, and the mutex not after it; who was won is told after that. A
 *       broadcast to waiters of several mutexes gives a mutex's queue back before it locks the next one's, and the
 *       condition's lock before the last: until then some are still waiting.
 *
 * Lock order: the condition's, then the mutex's.
 * Source: wait morphing, as once in glibc (FUTEX_REQUEUE) and in WebKit's ParkingLot.
 */
#include "await/mutex.h"

#include "base/check.h"
#include "base/hostile.h"

#include <errno.h>

typedef struct sk_cond {
	sk_waitable base;
} sk_cond;

_Static_assert(sizeof(sk_cond) <= sizeof(skua_cond), "skua_cond has room for what is in it");

typedef struct cond_wait {
	sk_waitable *cond;
	sk_mutex *mutex;
	bool is_enlisted; /* and the mutex unlocked */
	sk_queue_node node;
} cond_wait;

static bool enlist(void *arg, sk_ticket ticket)
{
	cond_wait *wait = arg;
	sk_waitable *cond = wait->cond;
	sk_mutex *mutex = wait->mutex;
	wait->node.ticket = ticket;
	wait->is_enlisted = true;
	sk_store_relaxed(&wait->node.where, cond); /* relaxed: under the lock */
	sk_lock_take(&cond->lock);
	sk_store_relaxed(&cond->word, SK_WAITERS); /* relaxed: the unlock of the mutex publishes it to signallers */
	sk_queue_push(&cond->queue, &wait->node);
	sk_lock_give(&cond->lock);
	sk_hostile_point();
	skua_mutex_unlock((skua_mutex *)(void *)mutex);
	return true;
}

/* C1: out of the queue in which the node is, if it is. true: it was signalled before. */
static bool leave(cond_wait *wait)
{
	sk_queue_node *node = &wait->node;
	for (;;) {
		sk_waitable *where = sk_load_relaxed(&node->where); /* relaxed: looked at again under the lock */
		sk_lock_take(&where->lock);
		if (sk_load_relaxed(&node->where) != where) { /* relaxed: as above */
			sk_lock_give(&where->lock);
			continue;
		}
		if (node->is_queued)
			sk_queue_remove(&where->queue, node);
		sk_waitable_settle(where);
		sk_lock_give(&where->lock);
		return where != wait->cond;
	}
}

static int wait_until(skua_cond *cond, skua_mutex *mutex, uint64_t at_ns)
{
	cond_wait wait;
	wait.cond = (sk_waitable *)(void *)cond;
	wait.mutex = sk_mutex_of(mutex);
	wait.is_enlisted = false;
	sk_queue_node_init(&wait.node, sk_fiber_self(), SK_CAUSE_EVENT, wait.mutex);
	sk_mutex_require_held(wait.mutex);
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = &wait,
		.deadline_ns = at_ns,
		.why = SK_WAIT_CONDITION,
		.cancellable = true,
	};
	if (sk_deadline_is_past(at_ns))
		return -ETIMEDOUT;
	uint32_t cause = sk_wait(&what);
	if (!wait.is_enlisted)
		return cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED; /* it never began, the mutex is held */
	bool signalled = cause == SK_CAUSE_EVENT || leave(&wait);
	sk_mutex_lock_again(wait.mutex, &wait.node, cause == SK_CAUSE_EVENT);
	return signalled ? 0 : cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
}

int skua_cond_wait(skua_cond *cond, skua_mutex *mutex)
{
	return wait_until(cond, mutex, SK_TIMERS_NEVER);
}

int skua_cond_wait_until(skua_cond *cond, skua_mutex *mutex, uint64_t at_ns)
{
	return wait_until(cond, mutex, at_ns);
}

static void signal_many(sk_waitable *cond, size_t most)
{
	if (!sk_load_relaxed(&cond->word)) /* relaxed: a signaller has had the mutex after a waiter */
		return;
	sk_waker waker = { 0 };
	sk_mutex *mutex = NULL;
	sk_lock_take(&cond->lock);
	for (sk_queue_node *node; most > 0 && (node = cond->queue.first);) {
		if (mutex != node->value) {
			if (mutex)
				sk_lock_give(&mutex->base.lock);
			mutex = node->value;
			sk_lock_take(&mutex->base.lock);
		}
		most -= sk_mutex_move(mutex, &cond->queue, node, &waker);
	}
	sk_waitable_settle(cond);
	sk_hostile_point();
	sk_lock_give(&cond->lock); /* C3 */
	sk_hostile_point();
	if (mutex)
		sk_lock_give(&mutex->base.lock);
	sk_waker_tell(&waker);
}

void skua_cond_signal(skua_cond *cond)
{
	signal_many((sk_waitable *)(void *)cond, 1);
}

void skua_cond_broadcast(skua_cond *cond)
{
	signal_many((sk_waitable *)(void *)cond, SIZE_MAX);
}
