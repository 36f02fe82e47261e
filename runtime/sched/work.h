/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's own work: what is ready here, due here, or came from outside.
 *
 *   1  own ready deque: oldest first, but a fiber that was just woken here goes first, a few times in a row; slots
 *      of suspended fibers last
 *   2  the timers and the inbox, when there is nothing else, and now and then even when there is
 *
 * Who may call: the worker. Blocks: nothing.
 */
#ifndef SK_SCHED_WORK_H
#define SK_SCHED_WORK_H

#include "sched/worker.h"

/* Is the worker's loop to end: a stop, or the seat is to be left? */
bool sk_work_must_leave(sk_worker *worker);

/* Makes work of an entry of a ready deque. false: it led to nothing. */
bool sk_work_open(sk_worker *worker, sk_entry entry, sk_work *work);

/* Own ready work, and timers and inbox when that is empty or they have waited long. */
bool sk_work_take_local(sk_worker *worker, sk_work *work);

/* Moves the inbox to the own ready deque. Returns whether there was anything. */
bool sk_work_drain_inbox(sk_worker *worker);

/* Fires the timers of others that are due. */
void sk_work_expire_others(sk_worker *worker);

/*
 * For a fiber that stops: the one that goes on on this worker, a ready one if there is any here, else an idle one that
 * looks around. NULL: no memory.
 */
sk_fiber *sk_work_next_fiber(sk_worker *worker);

/* Is there anything ready here, or due? (a hint) */
bool sk_work_is_waiting(sk_worker *worker);

#endif
