/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibers for the protocols that suspend: the twin of sched/suspend.h. A model's thread stands for a fiber. When it
 * suspends, its commit is run by the next context, which is another of the model's threads if has_next says so, and the
 * fiber goes on in its own. Who resumes it must see that its registers were saved.
 */
#ifndef MODEL_TWIN_FIBER_H
#define MODEL_TWIN_FIBER_H

#include "sched/suspend.h"

typedef struct twin_fiber {
	sk_worker worker;
	sk_fiber fiber;
	uint64_t saved; /* the suspended fiber's registers */
	SK_ATOMIC(uint32_t) resumed;
	/* the next context: 1: it has something to commit; 2: the fiber has ended */
	bool has_next;
	sk_commit commit;
	void *arg;
	SK_ATOMIC(uint32_t) handed;
} twin_fiber;

void twin_resume(sk_fiber *fiber);

/* The body of the thread that is the fiber's next context, and what the fiber does last. */
void twin_next_context(twin_fiber *here);
void twin_end(twin_fiber *here);

#endif
