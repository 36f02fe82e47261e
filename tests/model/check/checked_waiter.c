/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched/waiter.c as it is, and what makes each execution begin with the same plain threads: the records of their waits
 * are made before the threads begin, since the checker's threads are one to the system, and share its thread-locals.
 */
#include "sched/waiter.c"

#include "model.h"
#include "twin_await.h"

void twin_threads_setup(void)
{
	void *own[MODEL_THREADS];
	threads.count = 0;
	threads.free = NULL;
	for (unsigned t = 0; t < MODEL_THREADS; t++) {
		self_thread = NULL;
		own[t] = thread_self();
	}
	model_thread_local((void **)(void *)&self_thread, own);
}
