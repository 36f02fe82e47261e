/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the counters; see stats.h. */
#include "sched/stats.h"

#include "sched/pool.h"
#include "sys/clock.h"

static skua_worker_stats read_worker(const sk_worker_counters *counters)
{
	skua_worker_stats stats;
#define READ(name, things)                                                                                             \
	stats.name = sk_load_relaxed(&counters->name); /* relaxed: a snapshot */                                       \
	if (!(things))                                                                                                 \
		stats.name = sk_clock_ticks_to_ns(stats.name);
	SK_STATS(READ)
#undef READ
	return stats;
}

static void add(skua_worker_stats *to, const skua_worker_stats *from)
{
#define ADD(name, things) to->name += from->name;
	SK_STATS(ADD)
#undef ADD
}

void sk_stats_collect(sk_pool *pool, skua_stats *out)
{
	out->workers = pool->worker_count;
	out->total = (skua_worker_stats){ 0 };
	for (unsigned i = 0; i < pool->worker_count; i++) {
		skua_worker_stats stats = read_worker(&pool->workers[i].counters);
		add(&out->total, &stats);
		if (i < out->capacity)
			out->worker[i] = stats;
	}
}
