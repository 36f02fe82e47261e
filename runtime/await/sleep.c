/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping and giving way: skua_sleep_ns, skua_yield of await.h. */
#include "base/hot.h"
#include "sched/pool.h"
#include "sched/suspend.h"
#include "sched/waiter.h"
#include "sched/work.h"
#include "sys/clock.h"

#include <skua/await.h>

#include <errno.h>

uint64_t skua_now_ns(void)
{
	return sk_clock_ns();
}

int skua_sleep_until(uint64_t at_ns)
{
	/* With a time that is past, it ends all the same by its timer or at once by a cancellation. */
	const sk_wait_for what = { .deadline_ns = at_ns, .why = SK_WAIT_SLEEP, .cancellable = true };
	return sk_wait(&what) == SK_CAUSE_CANCEL ? -ECANCELED : 0;
}

int skua_sleep_ns(uint64_t ns)
{
	uint64_t now = sk_clock_ns();
	return skua_sleep_until(ns < SKUA_FOREVER - now ? now + ns : SKUA_FOREVER);
}

void skua_yield(void)
{
	sk_fiber *fiber = sk_fiber_self();
	if (!fiber)
		sk_thread_yield();
	else if (sk_work_is_waiting(fiber->worker))
		sk_suspend_yield(fiber);
}
