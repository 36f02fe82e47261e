/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barriers: skua_barrier of sync.h.
 *
 * Under the lock: how many have arrived in this round; they stand in the queue. The last one takes all of them out of
 * it and begins the next round.
 *
 *   A1  who stands in the queue has arrived. A round is all or nothing, so its end does not ask whether somebody's
 *       ticket was ended meanwhile: who was cancelled looks under the lock whether he still stands there, and only then
 *       takes his arrival back. Else the round was over first, and he returns 0.
 *   A2  the last one touches the barrier no more after the unlock, and tells after it; those whom he has won do not
 *       touch it again. So the first one who returns may free it (waitable.h, B2), unless somebody is cancelled:
 *   A3  who is cancelled locks to look (A1), also when the round that he belongs to is over. He is still in his call,
 *       but the others cannot know; sync.h says that. Deciding it by his ticket alone would break A1: some of a round
 *       would have been let go by the time that another is found to have left.
 */
#include "await/waitable.h"

#include "base/check.h"
#include "base/hostile.h"

#include <skua/sync.h>

#include <errno.h>

typedef struct sk_barrier {
	/* set once */
	uint32_t count;
	/* everybody, under the lock */
	uint32_t arrived;
	sk_lock lock;
	sk_queue queue;
} sk_barrier;

_Static_assert(sizeof(sk_barrier) <= sizeof(skua_barrier), "skua_barrier has room for what is in it");

int skua_barrier_init(skua_barrier *public_barrier, unsigned count)
{
	if (count == 0)
		return -EINVAL;
	sk_barrier *barrier = (sk_barrier *)(void *)public_barrier;
	*barrier = (sk_barrier){ .count = count };
	return 0;
}

typedef struct arrival {
	sk_barrier *barrier;
	bool is_last;
	sk_queue_node node;
} arrival;

/* Under the lock: is it the last one? Then the round is over. */
static bool ends_round(sk_barrier *barrier, sk_waker *waker)
{
	if (barrier->arrived + 1 != barrier->count)
		return false;
	barrier->arrived = 0;
	sk_waker_win_all(waker, &barrier->queue); /* A1: also who is not won is out of it */
	return true;
}

static bool enlist(void *arg, sk_ticket ticket)
{
	arrival *mine = arg;
	sk_barrier *barrier = mine->barrier;
	sk_waker waker = { 0 };
	sk_lock_take(&barrier->lock);
	bool waits = !ends_round(barrier, &waker);
	mine->is_last = !waits;
	mine->node.ticket = ticket;
	if (waits) {
		barrier->arrived++;
		sk_queue_push(&barrier->queue, &mine->node);
	}
	sk_lock_give(&barrier->lock);
	sk_waker_tell(&waker);
	return waits;
}

/* Takes the arrival back; false: the round was over first. */
static bool leave(arrival *mine)
{
	sk_barrier *barrier = mine->barrier;
	sk_lock_take(&barrier->lock);
	bool leaves = mine->node.is_queued;
	if (leaves) {
		sk_queue_remove(&barrier->queue, &mine->node);
		barrier->arrived--;
	}
	sk_lock_give(&barrier->lock);
	return leaves;
}

static int wait_for_others(sk_barrier *barrier)
{
	arrival mine;
	mine.barrier = barrier;
	mine.is_last = false;
	sk_queue_node_init(&mine.node, sk_fiber_self(), SK_CAUSE_EVENT, NULL);
	const sk_wait_for what = {
		.enlist = enlist,
		.arg = &mine,
		.deadline_ns = SK_TIMERS_NEVER,
		.why = SK_WAIT_BARRIER,
		.cancellable = true,
	};
	uint32_t cause = sk_wait(&what);
	if (mine.is_last)
		return 1;
	if (cause == SK_CAUSE_EVENT)
		return 0;
	return !mine.node.ticket || leave(&mine) ? -ECANCELED : 0;
}

int skua_barrier_wait(skua_barrier *public_barrier)
{
	sk_barrier *barrier = (sk_barrier *)(void *)public_barrier;
	sk_waker waker = { 0 };
	sk_lock_take(&barrier->lock);
	bool is_last = ends_round(barrier, &waker);
	sk_lock_give(&barrier->lock);
	sk_waker_tell(&waker);
	return is_last ? 1 : wait_for_others(barrier);
}
