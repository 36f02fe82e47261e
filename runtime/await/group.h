/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: skua_group of await.h. The list of a group's tasks serves cancelling; the count serves the wait.
 *
 *   under the lock:   tasks (doubly linked), count of those that have not ended, waiter (ticket of who waits), error
 *   (the
 *                     first failure)
 *
 *   ending task                                        wait
 *   1  its failure, if any: lock; error; cancel        1  enlist: lock; count > 0: waiter = ticket; unlock
 *   2  lock; unlink; count - 1;                           0: the event has happened
 *      0: ticket = waiter; unlock; fire the ticket     2  woken by a cancellation: cancel the group, and 1 again
 *   3  the group is not touched any more               3  lock, unlock: nobody is inside 2 any more
 *
 * The group lies on its owner's stack and ends with the wait. So whoever unlocks it after the count became 0 must be
 * the last one: 3 of the wait takes the lock once more, behind the ender that is still in it (sk_lock_give touches the
 * word once, by an exchange; a wake of the address that follows hits nobody or somebody else, never memory).
 *
 *   G1  a task is in the list from its start to its end; it is cancelled when the group is, or before it begins.
 *   G2  the first failure is kept, and cancels the group.
 *   G3  cancelling wins the tickets of the listed tasks under the lock and tells them after it. A record may be
 *       touched while its task is listed (G1): the task leaves the list before it ends, under the lock, and only then
 *       may its record be freed. After the unlock no record is touched any more, nor the group, but only the fibers
 *       that were won: each is the canceller's until it is told (sched/waiter.h, U1), and its task can neither go on
 *       nor end before. Those who were not won run, or something else has woken them, and see it by themselves.
 *
 * So no wake-up and no push on a ready deque takes place under the lock, in which all the tasks that were woken queue
 * to leave. It is the last lock: a wheel's is not held while a callback runs (M3).
 */
#ifndef SK_AWAIT_GROUP_H
#define SK_AWAIT_GROUP_H

#include "await/async.h"
#include "sys/lock.h"

#include <skua/await.h>

typedef struct sk_group {
	/* everybody, under the lock */
	sk_lock lock;
	int error;      /* the first failure */
	uint64_t count; /* tasks that have not ended */
	sk_async *tasks;
	sk_ticket waiter;
	sk_async *owner; /* who began it: the first run's caller; NULL for plain threads and roots */
	bool is_open;    /* between the first run and the end of the wait */
	bool is_cancelled;
	bool is_timed; /* the timer was set at least once */
	uint64_t thread_deadline_ns; /* set by a plain thread, which waits no longer than that; 0: none */
	sk_timer deadline;
} sk_group;

_Static_assert(sizeof(sk_group) <= sizeof(skua_group), "skua_group has room for what is in it");

/* Calls the task's function, unless the group is cancelled, and notes a failure. */
void sk_group_task_run(sk_async *async);

/* Takes the task out; the last one wakes who waits. */
void sk_group_task_ended(sk_async *async);

#endif
