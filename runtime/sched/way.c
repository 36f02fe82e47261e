/* SPDX-License-Identifier: Apache-2.0 */
/* What a root's way touches; see way.h. */
#include "sched/way.h"

#include "base/hot.h"
#include "sched/pool.h"

/* What a root touches of its fiber's stack at least: the loop's frames above, its own below. */
#define STACK_BELOW 128u
#define STACK_ABOVE 192u

static SK_THREAD_LOCAL struct {
	uintptr_t pool, worker, fiber, stack;
} seen;

SK_HOT void sk_way_note(sk_pool *pool, sk_fiber *fiber)
{
	seen.pool = (uintptr_t)pool;
	seen.worker = (uintptr_t)&pool->workers[0];
	seen.fiber = (uintptr_t)fiber;
	seen.stack = (uintptr_t)fiber->context.sp;
}

SK_HOT void sk_way_warm_up(void)
{
	sk_warm(seen.pool, SK_CACHE_LINE);
	sk_warm(seen.pool + offsetof(sk_pool, idle.sleepers), 1);
	sk_warm(seen.pool + offsetof(sk_pool, inbox), 1);
	sk_warm(seen.pool + offsetof(sk_pool, seat), sizeof(sk_seat));
	sk_warm(seen.pool + offsetof(sk_pool, monitor), 1);
	sk_warm(seen.pool + offsetof(sk_pool, active), 1);
	sk_warm(seen.worker, offsetof(sk_worker, ready) + SK_FALSE_SHARING);
	sk_warm(seen.worker + offsetof(sk_worker, timers.next_ns), 1);
	sk_warm(seen.fiber, sizeof(sk_fiber));
	sk_warm(seen.stack - STACK_BELOW, STACK_BELOW + STACK_ABOVE);
	sk_warm_code();
}
