/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search: what a worker does between two tasks.
 *
 *   1  own work (sched/work.h)
 *   2  mail (sched/mail.h), for which it may wait a moment, and one undeclared round of stealing (sched/steal.h)
 *   3  declare hunger (sched/idle.h), search on, force what does not come by itself, park. After the first look in
 *      vain for the kernel's events it gives way to other threads, which may be those that bring them about
 *
 * A thief whose last stolen tasks were all tiny pauses before the next steal, the longer the more of them there were in
 * a row: a stolen task costs its owner some 100 ns more than one that was not, so tasks of 10 ns must not be taken at
 * the rate of a cache miss; in trees with a few big branches among many leaves (UTS) a longer task comes before the
 * pause grows.
 *
 * Who may call: the worker, on an idle fiber. Blocks: the worker.
 */
#ifndef SK_SCHED_SEARCH_H
#define SK_SCHED_SEARCH_H

#include "sched/worker.h"

/* Waits for work, asleep if need be. The result is not SK_WORK_NONE. */
void sk_search_work(sk_worker *worker, sk_work *work);

/* A stolen task has run that long. */
void sk_search_ran(sk_worker *worker, uint64_t ticks);

#endif
