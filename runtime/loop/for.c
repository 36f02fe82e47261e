/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_for and its schedules (skua/loop.h). Adaptive and fixed loops are ranges (loop/range.h); the static schedule is
 * in loop/static.c, rectangles are in loop/for_2d.c.
 */
#include "base/check.h"
#include "loop/range.h"
#include "loop/static.h"

#include <skua/loop.h>

typedef struct for_loop {
	sk_range range; /* first: the leaf gets its address */
	skua_for_body body;
} for_loop;

static void call_body(const sk_range *range, void *partial, size_t begin, size_t end)
{
	(void)partial;
	const for_loop *loop = (const for_loop *)(const void *)range;
	loop->body(sk_range_index(range, begin), sk_range_index(range, end), range->arg);
}

void skua_for(size_t begin, size_t end, skua_for_body body, void *arg)
{
	skua_for_with(NULL, begin, end, body, arg);
}

void skua_for_with(const skua_loop *how, size_t begin, size_t end, skua_for_body body, void *arg)
{
	static const skua_loop adaptive = { SKUA_ADAPTIVE, 1 };
	if (!how)
		how = &adaptive;
	size_t grain = how->grain ? how->grain : 1;
	if (end <= begin)
		return;
	for_loop loop = {
		.range = {
			.leaf = call_body,
			.units = sk_range_units(begin, end, grain),
			.by_unit = how->schedule == SKUA_FIXED,
			.body = (const void *)body,
			.arg = arg,
			.first = begin,
			.last = end,
			.grain = grain,
		},
		.body = body,
	};
	switch (how->schedule) {
	case SKUA_ADAPTIVE:
	case SKUA_FIXED:
		sk_range_run(&loop.range, NULL);
		return;
	case SKUA_STATIC:
		sk_static_run(&loop.range);
		return;
	}
	sk_panic("skua_for_with: the schedule is %d, which is none of skua_schedule", (int)how->schedule);
}
