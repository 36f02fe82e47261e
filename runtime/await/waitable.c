/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the synchronisation objects; see waitable.h. */
#include "await/waitable.h"

#include "base/check.h"
#include "base/hostile.h"
#include "sys/clock.h"

#include <errno.h>

bool sk_deadline_is_past(uint64_t deadline_ns)
{
	return deadline_ns != SK_TIMERS_NEVER && deadline_ns <= sk_clock_ns();
}

void sk_waitable_settle(sk_waitable *object)
{
	if (object->queue.first)
		return;
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides, and nothing is published by it */
	while (!sk_cas_relaxed(&object->word, &word, word & ~SK_WAITERS))
		;
}

void sk_waitable_win_all(sk_waitable *object, sk_waker *waker)
{
	sk_lock_take(&object->lock);
	sk_waker_win_all(waker, &object->queue);
	sk_waitable_settle(object);
	sk_lock_give(&object->lock);
}

typedef struct waiting {
	sk_waitable *object;
	const sk_waitable_kind *kind;
	bool is_taken; /* by enlist; then it does not matter by which cause the wait ended */
	sk_queue_node node;
} waiting;

/* Under the lock: takes it, or sets WAITERS. */
static bool take_or_announce(sk_waitable *object, bool (*take)(uint32_t *word))
{
	uint32_t word = sk_load_relaxed(&object->word), next; /* relaxed: the CAS decides */
	bool is_taken;
	do {
		next = word;
		is_taken = take(&next);
		if (!is_taken)
			next = word | SK_WAITERS;
		sk_hostile_point();
	} while (!sk_cas_acq_rel(&object->word, &word, next)); /* edge -> waitable.word : what was done before */
	return is_taken;
}

static bool enlist(void *arg, sk_ticket ticket)
{
	waiting *wait = arg;
	sk_waitable *object = wait->object;
	sk_lock_take(&object->lock);
	wait->is_taken = take_or_announce(object, wait->kind->take);
	bool waits = !wait->is_taken;
	if (waits) {
		wait->node.ticket = ticket;
		sk_queue_push(&object->queue, &wait->node);
	}
	sk_lock_give(&object->lock);
	return waits;
}

static void give_up(waiting *wait)
{
	sk_waitable *object = wait->object;
	sk_waker waker = { 0 };
	sk_lock_take(&object->lock);
	if (wait->node.is_queued)
		sk_queue_remove(&object->queue, &wait->node);
	if (wait->kind->gave_up)
		wait->kind->gave_up(object, &waker);
	sk_waitable_settle(object);
	sk_lock_give(&object->lock);
	sk_waker_tell(&waker);
}

int sk_waitable_wait(sk_waitable *object, const sk_waitable_kind *kind, uint64_t deadline_ns)
{
	if (sk_waitable_try(object, kind->take))
		return 0;
	if (sk_deadline_is_past(deadline_ns))
		return -ETIMEDOUT;
	waiting wait;
	wait.object = object;
	wait.kind = kind;
	wait.is_taken = false;
	sk_queue_node_init(&wait.node, sk_fiber_self(), SK_CAUSE_EVENT, NULL);
	wait.node.is_writer = kind->is_writer;
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = &wait,
		.deadline_ns = deadline_ns,
		.why = kind->why,
		.cancellable = !kind->is_uncancellable,
	};
	uint32_t cause = sk_wait(&what);
	if (wait.is_taken || cause == SK_CAUSE_EVENT)
		return 0;
	if (wait.node.ticket)
		give_up(&wait);
	return cause == SK_CAUSE_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
}

bool sk_waitable_enlist(sk_waitable *object, sk_queue_node *node, bool (*is_there)(uint32_t word))
{
	sk_lock_take(&object->lock);
	uint32_t word = sk_load_relaxed(&object->word); /* relaxed: the CAS decides */
	bool waits;
	do {
		waits = !is_there(word);
	} while (waits && !sk_cas_relaxed(&object->word, &word, word | SK_WAITERS));
	if (waits)
		sk_queue_push(&object->queue, node);
	sk_lock_give(&object->lock);
	return waits;
}

void sk_waitable_delist(sk_waitable *object, sk_queue_node *node)
{
	sk_lock_take(&object->lock);
	if (node->is_queued)
		sk_queue_remove(&object->queue, node);
	sk_waitable_settle(object);
	sk_lock_give(&object->lock);
}
