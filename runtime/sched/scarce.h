/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going on without memory for another fiber. A worker whose fiber stops needs a context to go on in: a fiber that is
 * ready, or an idle one. When there is neither and no memory, its thread's own stack (home) is that context:
 *
 *     fiber stops --> home: the commit is run there; then, again and again:
 *       1  an idle fiber after all (another one has ended, memory has come back): it looks around as usual
 *       2  the own timers are fired, the inbox is emptied, the reactor is asked
 *       3  an own ready fiber: it goes on, which needs no memory
 *       4  a nap
 *
 *   Y1  home needs no memory, so a fiber always stops when it wants to wait. None waits in the place of its worker.
 *   Y2  a start needs a small fiber, a root and a stolen task a big one. An entry for whose class there is no memory
 *       goes back, behind the others: fibers that are ready behind it go on, and those give memory back when they end.
 *       A task is stolen only if there is a big fiber for it, since it cannot be given back.
 *   Y3  the thread in the seat does none of that (it does not look at the inbox): it leaves, and the stand-in does.
 *
 * So nothing that could be fired is left: by Y1 no worker is kept by one of its fibers, and a worker that lacks memory
 * does by itself what ends waits: timers and events within a nap and a look of the monitor (which fires what is overdue
 * and asks a neglected reactor, but only puts what it wakes into the inbox: alone it would not be enough), what other
 * threads wake by the inbox, what its own fibers wake by 3. If nothing goes on then, nothing can without memory.
 *
 * A nap is at most SK_SCARCE_NAP_NS: a worker that lacks memory polls. It is no state to stay in.
 *
 * Who may call: the thread in the seat, at home or on an idle fiber, as said.
 */
#ifndef SK_SCHED_SCARCE_H
#define SK_SCHED_SCARCE_H

#include "sched/worker.h"

#define SK_SCARCE_NAP_NS UINT64_C(200000)

/* 1 to 4: the fiber to switch to; NULL: the seat is to be left. Call from: home. */
sk_fiber *sk_scarce_next(sk_worker *worker);

/* Y2: work that was taken goes back; and a pause, so that others get on. Call from: an idle fiber. */
void sk_scarce_put_back(sk_worker *worker, const sk_work *work);

/* Is there an idle big fiber in the cache, or memory for one? */
static inline bool sk_scarce_has_idle(sk_worker *worker)
{
	if (worker->cache)
		return true;
	sk_fiber *fiber = sk_worker_fiber_take(worker);
	if (fiber)
		sk_worker_fiber_give(worker, fiber);
	return fiber != NULL;
}

/* Is there a big fiber for a task that is about to be stolen? Call from: an idle fiber, which may be the one. */
static inline bool sk_scarce_has_big(sk_worker *worker)
{
	return !worker->current->is_small || sk_scarce_has_idle(worker);
}

#endif
