/* SPDX-License-Identifier: Apache-2.0 */
/* The static schedule; see static.h. */
#include "loop/static.h"

#include "base/align.h"
#include "sched/pool.h"

#include <skua/task.h>
#include <stdlib.h>
#include <string.h>

/* So many parts need no memory from the heap. */
#define PARTS_INLINE 64u

typedef struct part {
	/* everybody exchanges */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint32_t) claimed;
} part;

typedef struct static_loop {
	const sk_range *range;
	part *parts;
	unsigned count; /* one for each worker */
} static_loop;

static size_t part_begin(const static_loop *loop, unsigned index)
{
	size_t units = loop->range->units;
	return units / loop->count * index + sk_min(units % loop->count, index);
}

static void claim(const static_loop *loop, unsigned index)
{
	part *own = &loop->parts[index];
	/* relaxed: who runs the part is all that it decides; helpers carry the data */
	if (sk_load_relaxed(&own->claimed))
		return;
	uint32_t vacant = 0;
	if (!sk_cas_relaxed(&own->claimed, &vacant, 1)) /* relaxed: as above */
		return;
	size_t begin = part_begin(loop, index), end = part_begin(loop, index + 1);
	if (begin < end)
		loop->range->leaf(loop->range, NULL, begin, end);
}

SKUA_TASK(void, help, const static_loop *, loop, unsigned, from, unsigned, to)
{
	unsigned spawned = 0;
	for (; to - from > 1; spawned++) {
		unsigned half = from + (to - from) / 2;
		SKUA_SPAWN(help, loop, half, to);
		to = half;
	}
	unsigned me = sk_fiber_->worker->index;
	if (me < loop->count)
		claim(loop, me);
	claim(loop, from);
	while (spawned-- > 0)
		SKUA_SYNC(help);
}

SKUA_TASK(void, whole, const sk_range *, range)
{
	part parts[PARTS_INLINE], *more = NULL;
	static_loop loop = { .range = range, .parts = parts, .count = sk_fiber_->worker->pool->worker_count };
	if (loop.count > PARTS_INLINE) {
		more = aligned_alloc(_Alignof(part), loop.count * sizeof(part));
		loop.parts = more;
	}
	if (!loop.parts) {
		sk_range plain = *range;
		sk_range_run(&plain, NULL);
		return;
	}
	for (unsigned i = 0; i < loop.count; i++)
		sk_store_relaxed(&loop.parts[i].claimed, 0); /* relaxed: before the spawns */
	SKUA_CALL(help, &loop, 0, loop.count);
	free(more);
}

void sk_static_run(sk_range *range)
{
	SKUA_RUN(whole, range);
}
