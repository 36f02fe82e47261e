/* SPDX-License-Identifier: Apache-2.0 */
/* The static schedule; see static.h. */
#include "loop/static.h"

#include "base/align.h"
#include "loop/team.h"
#include "sched/pool.h"

#include <skua/task.h>
#include <stdlib.h>

/* So many parts need no memory from the heap. */
#define PARTS_INLINE 64u

typedef struct part {
	/* everybody exchanges */
	_Alignas(SK_CACHE_LINE) SK_ATOMIC(uint32_t) claimed;
} part;

typedef struct static_loop {
	sk_team team; /* first: a part gets its address */
	const sk_range *range;
	part *parts;
	unsigned count; /* one for each worker */
} static_loop;

static void claim(const static_loop *loop, unsigned index)
{
	part *own = &loop->parts[index];
	/* relaxed: who runs the part is all that it decides; the team carries the data */
	if (sk_load_relaxed(&own->claimed))
		return;
	uint32_t vacant = 0;
	if (!sk_cas_relaxed(&own->claimed, &vacant, 1)) /* relaxed: as above */
		return;
	size_t units = loop->range->units;
	size_t begin = sk_team_part_begin(units, loop->count, index);
	size_t end = sk_team_part_begin(units, loop->count, index + 1);
	if (begin < end)
		loop->range->leaf(loop->range, NULL, begin, end);
}

SKUA_TASK(void, own_and, const sk_team *, team, unsigned, index)
{
	const static_loop *loop = (const static_loop *)(const void *)team;
	unsigned me = sk_fiber_->worker->index;
	claim(loop, me);
	claim(loop, index);
}

SKUA_TASK(void, whole, const sk_range *, range)
{
	part parts[PARTS_INLINE], *more = NULL;
	static_loop loop = { .team = { own_and_sk_body, true },
		             .range = range,
		             .parts = parts,
		             .count = sk_fiber_->worker->pool->worker_count };
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
	SKUA_CALL(sk_team_run, &loop.team, 0, loop.count);
	free(more);
}

void sk_static_run(sk_range *range)
{
	SKUA_RUN(whole, range);
}
