/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of tasks: made in slabs, never given back to the system (see async.h), kept in a cache by each thread
 * that runs tasks. A cache that has too many gives a batch to the common list, an empty one takes a batch from there.
 *
 * A cache belongs to a thread, not to a worker: it is touched without a lock, and nothing switches in between.
 */
#include "await/records.h"

#include "base/hot.h"
#include "sched/pool.h"
#include "sys/lock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64u
#define CACHE_MAX (3 * BATCH)
#define SLAB_RECORDS 512u

typedef struct cache {
	sk_async *list;
	unsigned count;
	bool is_known; /* its thread's end will give it back, if that can be */
} cache;

static SK_THREAD_LOCAL cache own;

/* under lock: batches, linked by next_free inside a batch and by group_next from one batch to the next */
static struct {
	sk_lock lock;
	sk_async *batches;
	struct slab {
		struct slab *older; /* keeps all slabs within reach of leak checkers */
	} *slabs;
} common;

/* set once */
static pthread_key_t at_end;
static bool has_key; /* if not, what a thread has is lost at its end */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void give_batch(sk_async *batch)
{
	sk_lock_take(&common.lock);
	batch->group_next = common.batches;
	common.batches = batch;
	sk_lock_give(&common.lock);
}

/* At the end of a thread. */
static void give_all(void *arg)
{
	cache *ended = arg;
	if (ended->list)
		give_batch(ended->list);
	*ended = (cache){ 0 };
}

static __attribute__((noinline)) cache *cache_of_thread(void)
{
	__asm__ volatile(""); /* fibers move: the address is not to be kept */
	return &own;
}

/* In the child of a fork: another thread may have been inside. What it had in hand is lost. */
static void after_fork(void)
{
	sk_store_relaxed(&common.lock, 0); /* relaxed: one thread */
	common.batches = NULL;
}

static void begin(void)
{
	has_key = pthread_key_create(&at_end, give_all) == 0;
	sk_pool_hook(&(sk_pool_hooks){ .after_fork = after_fork });
}

static void know(cache *mine)
{
	pthread_once(&once, begin);
	if (has_key)
		pthread_setspecific(at_end, mine);
	mine->is_known = true;
}

static sk_async *new_batch(void)
{
	struct slab *slab = NULL;
	const size_t align = _Alignof(sk_async), bytes = align + SLAB_RECORDS * sizeof(sk_async);
	if (posix_memalign((void **)&slab, align, bytes) != 0)
		return NULL;
	memset(slab, 0, bytes);
	sk_async *records = (sk_async *)(void *)((char *)slab + align);
	for (unsigned i = 0; i < SLAB_RECORDS; i++) {
		sk_store_relaxed(&records[i].state, SK_ASYNC_FREE); /* relaxed: not yet shared */
		records[i].next_free = i % BATCH == BATCH - 1 ? NULL : &records[i + 1];
	}
	sk_lock_take(&common.lock);
	slab->older = common.slabs;
	common.slabs = slab;
	sk_lock_give(&common.lock);
	for (unsigned i = BATCH; i < SLAB_RECORDS; i += BATCH)
		give_batch(&records[i]);
	return records;
}

static sk_async *take_batch(void)
{
	sk_lock_take(&common.lock);
	sk_async *batch = common.batches;
	if (batch)
		common.batches = batch->group_next;
	sk_lock_give(&common.lock);
	return batch ? batch : new_batch();
}

sk_async *sk_record_take(void)
{
	cache *mine = cache_of_thread();
	if (SK_UNLIKELY(!mine->list)) {
		if (!mine->is_known)
			know(mine);
		mine->list = take_batch();
		if (!mine->list)
			return NULL;
		/* a batch from the end of a thread may have another length: counted, not known */
		mine->count = 0;
		for (sk_async *record = mine->list; record; record = record->next_free)
			mine->count++;
	}
	sk_async *record = mine->list;
	mine->list = record->next_free;
	mine->count--;
	return record;
}

void sk_record_give(sk_async *record)
{
	cache *mine = cache_of_thread();
	if (SK_UNLIKELY(mine->count >= CACHE_MAX)) {
		sk_async *last = mine->list;
		for (unsigned i = 1; i < BATCH; i++)
			last = last->next_free;
		sk_async *batch = mine->list;
		mine->list = last->next_free;
		last->next_free = NULL;
		mine->count -= BATCH;
		give_batch(batch);
	}
	if (SK_UNLIKELY(!mine->is_known))
		know(mine);
	record->next_free = mine->list;
	mine->list = record;
	mine->count++;
}
