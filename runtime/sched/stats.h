/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of a worker, as skua_worker_stats shows them. The thread in the worker's seat adds with plain relaxed
 * stores (it is the only writer, so no atomic addition is needed); anybody reads.
 */
#ifndef SK_SCHED_STATS_H
#define SK_SCHED_STATS_H

#include "base/atomic.h"

#include <skua/runtime.h>

/* name in skua_worker_stats, and what it counts in: 1 things, 0 ticks of the clock */
#define SK_STATS(X)                                                                                                    \
	X(spawned_slow, 1)                                                                                             \
	X(published, 1)                                                                                                \
	X(reclaimed, 1)                                                                                                \
	X(stolen, 1)                                                                                                   \
	X(mailed, 1)                                                                                                   \
	X(steal_failed, 1)                                                                                             \
	X(forced, 1)                                                                                                   \
	X(suspended, 1)                                                                                                \
	X(resumed, 1)                                                                                                  \
	X(roots, 1)                                                                                                    \
	X(ready_taken, 1)                                                                                              \
	X(inbox_taken, 1)                                                                                              \
	X(parked, 1)                                                                                                   \
	X(woken, 1)                                                                                                    \
	X(busy_ns, 0)                                                                                                  \
	X(idle_ns, 0)                                                                                                  \
	X(fibers, 1)                                                                                                   \
	X(started, 1)

typedef struct sk_worker_counters {
#define SK_STATS_FIELD(name, things) SK_ATOMIC(uint64_t) name;
	SK_STATS(SK_STATS_FIELD)
#undef SK_STATS_FIELD
} sk_worker_counters;

/* relaxed: one writer, and readers want no more than some recent value */
#define sk_stats_add(worker, name, count)                                                                              \
	sk_store_relaxed(&(worker)->counters.name, sk_load_relaxed(&(worker)->counters.name) + (uint64_t)(count))

struct sk_pool;

/* Fills out as skua_stats_read says. Call from: any thread that keeps the pool alive. */
void sk_stats_collect(struct sk_pool *pool, skua_stats *out);

#endif
