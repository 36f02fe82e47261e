/* SPDX-License-Identifier: Apache-2.0 */
/* skua/runtime.h. */
#include <skua/runtime.h>

#include "base/check.h"
#include "sched/pool.h"
#include "sched/stats.h"
#include "sys/error.h"

#include <errno.h>
#include <string.h>

int skua_start(const skua_config *config)
{
	if (sk_worker_self())
		return -EDEADLK;
	return sk_pool_start(config);
}

const char *skua_start_problem(void)
{
	return sk_pool_problem();
}

void skua_stop(void)
{
	if (sk_worker_self())
		sk_panic("skua_stop is called from inside a task: it would wait for itself");
	sk_pool_stop();
}

/* The running pool for a short look: a task's own one, which cannot go away, or the one that was entered. */
static sk_pool *look(bool *entered)
{
	sk_worker *worker = sk_worker_self();
	*entered = false;
	if (worker)
		return worker->pool;
	sk_pool *pool = sk_pool_try_enter();
	*entered = pool != NULL;
	return pool;
}

unsigned skua_workers(void)
{
	bool entered;
	sk_pool *pool = look(&entered);
	unsigned count = pool ? pool->worker_count : 0;
	if (entered)
		sk_pool_leave(pool);
	return count;
}

int skua_worker_index(void)
{
	const sk_worker *worker = sk_worker_self();
	return worker ? (int)worker->index : -1;
}

int skua_stats_read(skua_stats *out)
{
	if (!out || (out->capacity && !out->worker))
		return -EINVAL;
	bool entered;
	sk_pool *pool = look(&entered);
	if (!pool) {
		out->workers = 0;
		out->total = (skua_worker_stats){ 0 };
		return -ESRCH;
	}
	sk_stats_collect(pool, out);
	if (entered)
		sk_pool_leave(pool);
	return 0;
}

const char *skua_strerror(int error)
{
	const char *text = sk_error_text(error < 0 ? -error : error);
	return text ? text : "unknown error";
}
