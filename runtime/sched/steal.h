/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding work: what a worker does between two tasks.
 *
 *   1  own ready deque: oldest first, but a fiber that was just woken here goes first, a few times in a row; slots
 *      of suspended fibers last
 *   2  the timers and the inbox, when there is nothing else, and now and then even when there is
 *   3  steal: one undeclared round over the victims
 *   4  declare hunger (sched/idle.h), search, force what does not come by itself, park
 *
 * A victim that runs a fiber without a public task is armed: its poll becomes NULL, and its next spawn publishes. A
 * thief whose last stolen tasks were all tiny pauses before the next steal, the longer the more of them there were in a
 * row: a stolen task costs its owner some 100 ns more than one that was not, so tasks of 10 ns must not be taken at the
 * rate of a cache miss; in trees with a few big branches among many leaves (UTS) a longer task comes before the pause
 * grows.
 *
 * | edge            | from                                | to                            | carries              |
 * |-----------------|-------------------------------------|-------------------------------|----------------------|
 * | worker.running  | switch: running, release            | thief: running, acquire       | the fiber's header   |
 *
 * Who may call: the worker, on an idle fiber.
 */
#ifndef SK_SCHED_STEAL_H
#define SK_SCHED_STEAL_H

#include "sched/task_stack.h"
#include "sched/worker.h"

/* Waits for work, asleep if need be. The result is not SK_WORK_NONE. */
void sk_work_find(sk_worker *worker, sk_work *work);

/* Moves the inbox to the own ready deque. Returns whether there was anything. */
bool sk_work_drain_inbox(sk_worker *worker);

/*
 * For a fiber that stops: the one that goes on on this worker, a ready one if there is any here, else an idle one that
 * looks around. NULL: no memory.
 */
sk_fiber *sk_work_next_fiber(sk_worker *worker);

/*
 * For a lack of memory: fires what is due, takes in what has come, and looks for a fiber that is ready, past tasks that
 * have not begun and have no stack to begin on. NULL: there is none.
 */
sk_fiber *sk_work_find_fiber(sk_worker *worker);

/* A task that has not begun goes back to where everybody finds it. Call from: the worker that has taken it. */
void sk_work_put_back(sk_worker *worker, const sk_work *work);

/* Is there anything ready here, or due? (a hint) */
bool sk_work_is_waiting(sk_worker *worker);

/* A stolen task has run that long. */
void sk_work_ran(sk_worker *worker, uint64_t ticks);

#endif
