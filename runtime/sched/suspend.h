/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspending: the one way in which a fiber stops to wait and goes on again. Joins, yields, and every lock, timer and
 * transfer of the layers above are built on it.
 *
 *     sk_suspend(fiber, commit, arg, SK_WAIT_LOCK);
 *
 * Switch first, register afterwards: the registers of the fiber must be saved before anybody can find it and resume
 * it on another core. So sk_suspend switches away, and the next context runs commit(worker, fiber, arg), which tries
 * to register the fiber where it will be found (a compare-and-swap from "new" to "waiting", an insertion under a
 * lock). If it cannot, because the event has happened, it returns false and the fiber goes on as a ready one.
 *
 * Before it waits for anything but a stolen join, the fiber may have un-stolen tasks in its slots. They must stay
 * within reach of thieves (nobody looks at a fiber that does not run), so a commit calls sk_suspend_share first:
 * everything becomes public, and one entry "the slots of this fiber" goes on the ready deque. Whoever takes it steals
 * one task and puts it back while there are more. The entry may outlive the wait and even the fiber's use: then it
 * leads to nothing, or to public tasks of the fiber's next life, which may be stolen as any others (memory is
 * type-stable).
 *
 *   S1  a fiber is registered, listed or recycled only after the switch away from it.
 *   S2  listed is 1 while an entry for the fiber's slots exists: at most one.
 *   S3  nothing of the fiber is touched after it is registered: it may run elsewhere.
 *
 * | edge           | from                                    | to                             | carries                     |
 * |----------------|-----------------------------------------|--------------------------------|-----------------------------|
 * | suspend.listed | entry dropped: listed = 0, seq_cst      | share: exchange listed         | one of the two lists it     |
 *
 * Blocks: the fiber. errno and the floating-point mode are the fiber's own across the wait; the thread may be another.
 */
#ifndef SK_SCHED_SUSPEND_H
#define SK_SCHED_SUSPEND_H

#include "sched/task_stack.h"
#include "sched/worker.h"

/*
 * Stops the calling fiber until it is resumed. false: there is no memory for a fiber to go on with meanwhile, and
 * nothing was done; the caller waits in another way.
 */
bool sk_suspend(sk_fiber *fiber, sk_commit commit, void *arg, enum sk_wait why);

/* The same, and the worker goes on with that work. */
bool sk_suspend_for(sk_fiber *fiber, const sk_work *work, sk_commit commit, void *arg, enum sk_wait why);

/* In a commit, before the registration: puts the fiber's un-stolen tasks within reach. */
void sk_suspend_share(sk_worker *worker, sk_fiber *fiber);

/* Takes one task by an entry for the slots of a fiber; the entry is put back or dropped. */
bool sk_suspend_take_slot(sk_worker *worker, sk_fiber *fiber, sk_stolen *stolen);

/* Gives way to everything that is ready here, and to the inbox. */
void sk_suspend_yield(sk_fiber *fiber);

/* A fiber that a commit registered goes on. Call from: a worker; the waker owns the fiber (it has un-registered it). */
void sk_resume(sk_worker *worker, sk_fiber *fiber);

/*
 * The same from a thread that is no worker and keeps the pool alive, or from a worker of it.
 */
void sk_resume_outside(struct sk_pool *pool, sk_fiber *fiber);

/* --- for the worker's loop and home --- */

/* Switches from the running fiber, which is idle, to another idle one; the first goes into the cache. */
void sk_switch_recycling(sk_worker *worker, sk_fiber *from, sk_fiber *to);

/* The same to one that had stopped to wait, and is counted as resumed. */
static inline void sk_switch_resuming(sk_worker *worker, sk_fiber *from, sk_fiber *to)
{
	sk_stats_add(worker, resumed, 1);
	sk_switch_recycling(worker, from, to);
}

/* From home to a fiber; returns when the fiber leaves (sk_switch_home). */
void sk_switch_from_home(sk_worker *worker, sk_fiber *to);

/* From an idle fiber to home; the fiber goes into the cache. */
void sk_switch_home(sk_worker *worker, sk_fiber *from);

/* What every context does first after a switch to it (W3). */
void sk_switch_arrived(sk_worker *worker);

#endif
