/* SPDX-License-Identifier: Apache-2.0 */
/* How many are at something, and the most that ever were: the check of a limit. Any thread may call; never waits. */
#ifndef SKUA_EXAMPLES_GAUGE_H
#define SKUA_EXAMPLES_GAUGE_H

#include <stdatomic.h>

struct gauge {
	_Atomic int now, most;
};

static inline void gauge_enter(struct gauge *gauge)
{
	int now = atomic_fetch_add(&gauge->now, 1) + 1, seen = gauge->most;
	while (now > seen && !atomic_compare_exchange_weak(&gauge->most, &seen, now))
		;
}

static inline void gauge_leave(struct gauge *gauge)
{
	atomic_fetch_sub(&gauge->now, 1);
}

#endif
