/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Await: tasks that mostly wait. Any of them may sleep, lock, read a socket or wait for another, and its core goes on
 * with other work: a waiting task costs a page of memory and no thread.
 *
 *     #include <skua/skua.h>
 *     #include <stdio.h>
 *
 *     static void *say(void *text)
 *     {
 *         skua_sleep_ns(1000000000);
 *         puts(text);
 *         return text;
 *     }
 *
 *     int main(void)
 *     {
 *         skua_future *hello = skua_async(say, "hello");
 *         skua_future *world = skua_async(say, "world");
 *         skua_await(hello);
 *         skua_await(world);                         // one second in all, on however few cores
 *     }
 *
 * Not for computing: a parallel sum or search is spawned with the macros of task.h or looped over with loop.h, which
 * cost far less. The two mix: a task of await.h may call SKUA_RUN and skua_for, and a spawned task may wait for
 * anything here. Stacks are small here (256 KiB, SKUA_ASYNC_STACK), fork-join work moves to a deep one by itself.
 *
 * What holds for all calls:
 *     Where       Everything may be called from tasks of both kinds and from plain threads. A task waits as a fiber,
 *                 a plain thread blocks.
 *     Threads     After a wait a task may be on another thread. errno is the task's own, but compilers keep its
 *                 address: use it before the next wait, or in a function of its own. The same holds for thread-locals;
 *                 a task's own variables are skua_key's. Each task starts in the default floating-point mode and keeps
 *                 the one that it sets. Workers' own threads cannot be cancelled by pthread_cancel.
 *     Time        uint64_t nanoseconds of CLOCK_MONOTONIC; deadlines are points in time (skua_now_ns() + ns), and
 *                 SKUA_FOREVER is none. One in the past: the call takes what is there at once, and does not wait. Never
 *                 early; late by some 20 us and what the machine is busy with.
 *     Errors      a negative errno; -ETIMEDOUT the deadline came first; -ECANCELED the task is cancelled.
 *     Cancelling  is a request that stays. Every wait of a cancelled task ends with -ECANCELED, and the next one does
 *     not
 *                 begin; computing loops ask skua_cancelled(). Locks are the exception (skua_mutex_lock and what waits
 *                 to lock again), and whoever must wait all the same shields himself (skua_shield). A task spawned with
 *                 SKUA_SPAWN is cancelled with the task below which it was spawned, but a wait of it that has begun is
 *                 not interrupted.
 *
 * Source: fibers that stop at a join and go on where it ends, Blumofe and Leiserson (J. ACM 46, 1999) and Argobots
 * (Seo et al., TPDS 2018); groups, Smith, "Notes on structured concurrency" (2018), in the form of Python's TaskGroup
 * and Java's StructuredTaskScope.
 */
#ifndef SKUA_AWAIT_H
#define SKUA_AWAIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* No deadline. */
#define SKUA_FOREVER UINT64_MAX

/* --- time --- */

/* The time, CLOCK_MONOTONIC in nanoseconds. Call from: anywhere. */
uint64_t skua_now_ns(void);

/*
 * Sleeps for that many nanoseconds.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -ECANCELED.
 */
int skua_sleep_ns(uint64_t ns);

/* Sleeps until a point in time. Call from: anywhere. Blocks: as skua_sleep_ns. Returns: 0; -ECANCELED. */
int skua_sleep_until(uint64_t at_ns);

/*
 * Lets everything else that is ready on this worker run first. Computing loops of tasks of await.h call it now and then
 * if others are to be served meanwhile.
 *
 * Call from: anywhere. Blocks: the fiber, for a moment; outside of tasks it is sched_yield.
 */
void skua_yield(void);

/* --- futures --- */

/* The result of a task that is on its way. */
typedef struct skua_future skua_future;

/*
 * Starts a task: fn(arg), on any worker, at some time. Starts the runtime if need be. Each future is to be given to
 * skua_await, to a skua_await_until that returns 0, or to skua_drop, once.
 *
 * Call from: anywhere. Blocks: nothing.
 * Orders: what the caller did before is visible to fn.
 * Returns: the future; NULL if there is no memory, or the runtime cannot start (skua_start says why).
 */
skua_future *skua_async(void *(*fn)(void *), void *arg);

/*
 * Waits until the task is done, gives its result, and ends the future. A cancelled task that waits here cancels the one
 * it waits for, and goes on waiting: what it started is over when it returns.
 *
 * Call from: anywhere; one caller for each future. Blocks: the fiber, outside of tasks the thread.
 * Orders: everything that the task did is visible afterwards.
 * Returns: what fn returned.
 * Undefined if: the future was awaited or dropped before (found and reported, unless its memory is in use again); a
 * second caller at the same time is always reported, then abort.
 */
void *skua_await(skua_future *future);

/*
 * The same until a point in time. Only if it returns 0 is the future ended and *result (which may be NULL) set.
 *
 * Call from: anywhere; one caller for each future. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; -ETIMEDOUT; -ECANCELED the caller is cancelled (the other task is not).
 */
int skua_await_until(skua_future *future, uint64_t at_ns, void **result);

/* Is the task done, so that skua_await would not wait? Call from: anywhere, while the future lasts. Returns: 0 or 1. */
int skua_future_done(const skua_future *future);

/* Gives the future up: the task goes on, its result goes nowhere. Call from: anywhere. */
void skua_drop(skua_future *future);

/* Asks the task to end; see "Cancelling" above. Call from: anywhere, while the future lasts. Blocks: nothing. */
void skua_cancel(skua_future *future);

/*
 * Is the calling task to end? For loops that compute.
 *
 * Call from: anywhere; outside of tasks of await.h, and in what they spawn, it is never so. Blocks: nothing.
 * Returns: 0 or 1.
 */
int skua_cancelled(void);

/*
 * Between skua_shield(1) and skua_shield(0) the calling task counts as not cancelled: its waits are not interrupted.
 * For cleaning up. Pairs nest. A task and what it spawns or loops over share their shields.
 *
 * Call from: anywhere; outside of tasks of await.h it does nothing.
 */
void skua_shield(int on);

/* --- groups: structured concurrency --- */

/*
 * Tasks that belong together: none of them outlives skua_group_wait, the first failure cancels the others and is what
 * the wait returns. Groups nest: if the task that waits is cancelled, so is its group. A group lies on its owner's
 * stack or wherever it lasts until the wait has returned, and can be used again after it.
 */
typedef struct skua_group {
	uint64_t sk_opaque[20];
} skua_group;
#define SKUA_GROUP_INIT                                                                                                \
	{                                                                                                              \
		{                                                                                                      \
			0                                                                                              \
		}                                                                                                      \
	}

/*
 * Starts fn(arg) as a task of the group. A result below 0 is a failure. In a group that is cancelled already, fn is not
 * called.
 *
 * Call from: the owner of the group and its tasks, before the wait has returned. Blocks: nothing.
 * Returns: 0; -ENOMEM; -ECANCELED the group is cancelled; an error of skua_start.
 */
int skua_group_run(skua_group *group, int (*fn)(void *), void *arg);

/*
 * Waits until all tasks of the group are done.
 *
 * Call from: anywhere; one caller at a time. Blocks: the fiber, outside of tasks the thread; also when the caller is
 * cancelled, which cancels the group: so the tasks have to end soon.
 * Orders: everything that the tasks did is visible afterwards.
 * Returns: 0; the first failure; -ETIMEDOUT the group's deadline came first; -ECANCELED it was cancelled, or the
 * caller.
 */
int skua_group_wait(skua_group *group);

/* Asks all tasks of the group to end, and those below them. Call from: anywhere, while the group lasts. */
void skua_group_cancel(skua_group *group);

/*
 * Cancels the group at that time, unless it is over before; SKUA_FOREVER takes it back. The last call counts. A plain
 * thread's deadline is looked at in its skua_group_wait.
 *
 * Call from: as skua_group_run. Blocks: nothing.
 * Returns: 0.
 */
int skua_group_deadline(skua_group *group, uint64_t at_ns);

/* --- blocking calls --- */

/*
 * Calls fn(arg) on a thread of its own pool, for what blocks a thread: a library's database call, getaddrinfo. The pool
 * grows up to SKUA_OFFLOAD threads (64), not counting those that wait for skua's own things, and shrinks again after
 * ten seconds. If no thread can be made, the calls wait for those that there are. Their stacks are as big as the C
 * library makes them, but 2 MiB at least.
 *
 * Call from: anywhere; from a plain thread, fn is called right there. Blocks: the fiber. Not interrupted by cancelling,
 * since fn may use the caller's variables.
 * Returns: what fn returned.
 */
void *skua_offload(void *(*fn)(void *), void *arg);

/* --- a task's own variables --- */

/* A name for a variable that each task has its own of; small numbers, never given back. */
typedef unsigned skua_key;

/*
 * Makes a name. destroy, unless NULL, is called at the end of each task whose value is not NULL.
 *
 * Call from: anywhere. Returns: 0; -EAGAIN all 64 are in use, or the process has no pthread key left for the first.
 */
int skua_key_create(skua_key *key, void (*destroy)(void *value));

/* Sets the calling task's value. Call from: anywhere. Returns: 0; -ENOMEM; -EINVAL there is no such key. */
int skua_key_set(skua_key key, void *value);

/*
 * The calling task's value, NULL at first. What a task spawns or loops over shares its values, so nothing is set there
 * while others may read. A task that a plain thread runs with SKUA_RUN has values of its own too; outside of tasks they
 * are the thread's.
 *
 * Call from: anywhere. Returns: the value; NULL if none was set, or there is no such key.
 */
void *skua_key_get(skua_key key);

#ifdef __cplusplus
}
#endif
#endif
