/* SPDX-License-Identifier: Apache-2.0 */
/* Fibers that suspend; see twin_fiber.h. */
#include "twin_fiber.h"

#include "base/check.h"

bool sk_suspend(sk_fiber *fiber, sk_commit commit, void *arg, enum sk_wait why)
{
	(void)why;
	twin_fiber *here = sk_container_of(fiber, twin_fiber, fiber);
	here->saved++;
	if (here->has_next) {
		here->commit = commit;
		here->arg = arg;
		sk_store_release(&here->handed, 1);
	} else if (!commit(&here->worker, fiber, arg)) {
		here->saved = 0;
		return true;
	}
	while (!sk_load_acquire(&here->resumed))
		model_yield();
	sk_store_relaxed(&here->resumed, 0);
	return true;
}

void twin_next_context(twin_fiber *here)
{
	for (;;) {
		uint32_t handed;
		while ((handed = sk_load_acquire(&here->handed)) == 0)
			model_yield();
		if (handed == 2)
			return;
		sk_store_relaxed(&here->handed, 0);
		if (!here->commit(&here->worker, &here->fiber, here->arg))
			twin_resume(&here->fiber);
	}
}

void twin_end(twin_fiber *here)
{
	sk_store_release(&here->handed, 2);
}

void twin_resume(sk_fiber *fiber)
{
	twin_fiber *there = sk_container_of(fiber, twin_fiber, fiber);
	model_check(there->saved == 1, "a fiber is resumed that was not suspended");
	there->saved = 0;
	sk_store_release(&there->resumed, 1);
}

void sk_switch_recycling(sk_worker *worker, sk_fiber *from, sk_fiber *to)
{
	(void)worker;
	(void)from;
	twin_resume(to);
}

void sk_suspend_yield(sk_fiber *fiber)
{
	(void)fiber;
}

void sk_thread_yield(void)
{
	model_yield();
}

void sk_verbose(const char *format, ...)
{
	(void)format;
}
