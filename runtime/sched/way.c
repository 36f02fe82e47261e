/* SPDX-License-Identifier: Apache-2.0 */
/* What a root's way touches; see way.h. */
#include "sched/way.h"

#include "base/check.h"
#include "sched/pool.h"

/* What a root touches of its fiber's stack at least: the loop's frames above, its own below. */
#define STACK_BELOW 128u
#define STACK_ABOVE 192u

SK_THREAD_LOCAL sk_way sk_way_of_thread;

/* Notes the lines of an object; returns where the next range goes. */
static uintptr_t *note(uintptr_t *range, const volatile void *object, size_t bytes)
{
	uintptr_t begin = (uintptr_t)object / SK_CACHE_LINE, end = ((uintptr_t)object + bytes - 1) / SK_CACHE_LINE;
	*range = begin * SK_CACHE_LINE + (end - begin);
	return range + 1;
}

static uintptr_t *note_from_to(uintptr_t *range, const volatile void *begin, const volatile void *end)
{
	return note(range, begin, (size_t)((uintptr_t)end - (uintptr_t)begin));
}

static SK_ASIDE void note_all(sk_pool *pool, sk_fiber *fiber)
{
	sk_worker *worker = &pool->workers[0];
	uintptr_t *range = sk_way_of_thread.range;
	range = note(range, &sk_entrance, sizeof sk_entrance);
	range = note(range, pool, 1);
	range = note(range, &pool->active, 1);
	range = note(range, &pool->seat, sizeof pool->seat);
	range = note(range, &pool->idle.sleepers, 1);
	range = note(range, worker, 1);
	range = note_from_to(range, &worker->current, &worker->rng);
	range = note(range, &worker->running, 1);
	range = note(range, &worker->counters, 1);
	range = note_from_to(range, &worker->token, &worker->ready + 1);
	range = note(range, fiber, sizeof *fiber);
	range = note(range, (const char *)fiber->context.sp - STACK_BELOW, STACK_BELOW + STACK_ABOVE);
	range = note(range, &pool->inbox, 1);
	range = note(range, &pool->monitor, 1);
	range = note(range, &worker->timers.next_ns, 1);
	*range = 0;
	SK_INVARIANT(range < sk_way_of_thread.range + SK_WAY_RANGES, "there is room for the ranges and a 0");
	sk_way_of_thread.pool = pool;
	sk_way_of_thread.fiber = fiber;
}

SK_HOT void sk_way_note(sk_pool *pool, sk_fiber *fiber)
{
	if (SK_UNLIKELY(sk_way_of_thread.fiber != fiber || sk_way_of_thread.pool != pool))
		note_all(pool, fiber);
}
