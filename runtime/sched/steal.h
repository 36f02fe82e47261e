/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stealing: work from other workers, in rounds over the victims, the nearest first.
 *
 * A victim that runs a fiber without a public task is armed: its poll becomes NULL, and its next spawn publishes. What
 * does not come by itself is forced (sched/task_stack.h), at most once per gap in the whole pool.
 *
 * | edge            | from                                | to                            | carries              |
 * |-----------------|-------------------------------------|-------------------------------|----------------------|
 * | worker.running  | switch: running, release            | thief: running, acquire       | the fiber's header   |
 *
 * Who may call: the worker, on an idle fiber. Blocks: nothing.
 */
#ifndef SK_SCHED_STEAL_H
#define SK_SCHED_STEAL_H

#include "sched/worker.h"

/* One round: tasks and ready entries; it ends when the worker itself has mail. */
bool sk_steal_round(sk_worker *worker, sk_work *work);

/* One round over what others want to do next, or were sent, but do not come round to. */
bool sk_steal_soon(sk_worker *worker, sk_work *work);

/* One round that publishes private tasks of somebody who does not answer, and steals one. */
bool sk_steal_force(sk_worker *worker, sk_work *work);

#endif
