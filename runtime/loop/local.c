/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_local (skua/loop.h): an instance for each worker, each in lines of its own, in one allocation.
 *
 *   | head | instance 0 ... | instance 1 ... |
 *
 * Owner: an instance is its worker's while tasks run, and the caller's of create, each and destroy otherwise.
 */
#include "base/align.h"
#include "base/check.h"
#include "sched/pool.h"

#include <skua/loop.h>
#include <stdlib.h>
#include <string.h>

struct skua_local {
	/* set once */
	_Alignas(SK_FALSE_SHARING) unsigned count;
	size_t stride;
};

static void *instance(skua_local *local, unsigned index)
{
	return (char *)local + sizeof(skua_local) + index * local->stride;
}

skua_local *skua_local_create(size_t size, void (*init)(void *instance, void *arg), void *arg)
{
	SK_REQUIRE(size > 0, "skua_local_create: size is 0");
	unsigned count = skua_workers();
	if (count == 0 && skua_start(NULL) < 0)
		count = skua_workers(); /* another thread may have been faster */
	if (count == 0)
		count = skua_workers();
	size_t stride = sk_round_up(size, SK_FALSE_SHARING);
	if (count == 0 || stride < size || stride > (SIZE_MAX - sizeof(skua_local)) / count)
		return NULL;
	skua_local *local = aligned_alloc(SK_FALSE_SHARING, sizeof(skua_local) + count * stride);
	if (!local)
		return NULL;
	local->count = count;
	local->stride = stride;
	for (unsigned i = 0; i < count; i++) {
		if (init)
			init(instance(local, i), arg);
		else
			memset(instance(local, i), 0, size);
	}
	return local;
}

void *skua_local_mine(skua_local *local)
{
	const sk_worker *worker = sk_worker_self();
	if (!worker)
		sk_panic("skua_local_mine is called outside of tasks");
	if (worker->index >= local->count)
		sk_panic("skua_local_mine: the runtime was started anew with more workers (%u) since the "
			 "skua_local was made (%u)",
			 worker->pool->worker_count, local->count);
	return instance(local, worker->index);
}

void skua_local_each(skua_local *local, void (*each)(void *instance, void *arg), void *arg)
{
	for (unsigned i = 0; i < local->count; i++)
		each(instance(local, i), arg);
}

void skua_local_destroy(skua_local *local)
{
	free(local);
}
