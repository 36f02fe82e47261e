/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planted data races, one for each kind of edge that a program could believe in and that is not there. ThreadSanitizer
 * must report each of them in every run (reported.py): so the two sides meet by relaxed atomic operations, which order
 * nothing, and then touch `shared` soon after each other on two workers.
 *
 *     race <case>      ends with ThreadSanitizer's report; without it "no race was seen", and 1
 */
#include "planted.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <skua/skua.h>

static long shared; /* what the races are about */
static atomic_int arrived;

/*
 * Waits until two are here, ordering nothing. The first one then lets the other go ahead a little: of two accesses at
 * the very same moment ThreadSanitizer may miss one.
 */
static void meet(void)
{
	bool is_first = atomic_fetch_add_explicit(&arrived, 1, memory_order_relaxed) == 0;
	while (atomic_load_explicit(&arrived, memory_order_relaxed) < 2)
		sched_yield();
	if (is_first)
		usleep(2000);
}

static __attribute__((noinline)) void writes(void)
{
	shared++;
}

static void meets_and_writes(void)
{
	meet();
	writes();
}

/* --- fork-join --- */

SKUA_TASK(void, writer)
{
	meets_and_writes();
}

/* Two tasks, neither of which is ordered before the other. */
SKUA_TASK(void, siblings)
{
	SKUA_SPAWN(writer);
	SKUA_CALL(writer);
	SKUA_SYNC(writer);
}

static void between_siblings(void)
{
	SKUA_RUN(siblings);
}

/* What is written after the spawn is not the task's yet. */
SKUA_TASK(void, spawner)
{
	SKUA_SPAWN(writer);
	meet();
	shared = 7;
	SKUA_SYNC(writer);
}

static void after_spawn(void)
{
	SKUA_RUN(spawner);
}

/* What the task wrote is not the caller's before the sync. */
SKUA_TASK(long, reads_early)
{
	SKUA_SPAWN(writer);
	meet();
	long early = shared;
	SKUA_SYNC(writer);
	return early;
}

static void before_sync(void)
{
	SKUA_RUN(reads_early);
}

/* --- loops --- */

static void adds(size_t begin, size_t end, void *arg)
{
	(void)begin, (void)end, (void)arg;
	meets_and_writes();
}

/* A sum that needed a reduction. */
static void in_loop(void)
{
	static const skua_loop single = { .schedule = SKUA_FIXED, .grain = 1 };
	skua_for_with(&single, 0, 2, adds, NULL);
}

/* --- tasks of await.h --- */

static void *writes_async(void *arg)
{
	meets_and_writes();
	return arg;
}

static void after_async(void)
{
	skua_future *future = skua_async(writes_async, NULL);
	meets_and_writes();
	skua_await(future);
}

static int writes_in_group(void *arg)
{
	(void)arg;
	meets_and_writes();
	return 0;
}

static void in_group(void)
{
	skua_group group = SKUA_GROUP_INIT;
	skua_group_run(&group, writes_in_group, NULL);
	skua_group_run(&group, writes_in_group, NULL);
	skua_group_wait(&group);
}

/* --- objects of sync.h --- */

static skua_channel *channel;

static void *sends_and_writes(void *arg)
{
	long *own = &shared;
	skua_channel_send(channel, &own);
	meets_and_writes(); /* it is the receiver's already */
	return arg;
}

static void *receives_and_writes(void *arg)
{
	long *got = NULL;
	skua_channel_recv(channel, &got);
	meet();
	++*got;
	return arg;
}

static void after_send(void)
{
	channel = skua_channel_create(1, sizeof(long *));
	skua_future *receiver = skua_async(receives_and_writes, NULL);
	skua_await(skua_async(sends_and_writes, NULL));
	skua_await(receiver);
	skua_channel_destroy(channel);
}

static skua_mutex mutex = SKUA_MUTEX_INIT;

static void *writes_locked(void *arg)
{
	skua_mutex_lock(&mutex);
	meets_and_writes();
	skua_mutex_unlock(&mutex);
	return arg;
}

/* One of the two forgets the lock. */
static void without_lock(void)
{
	skua_future *other = skua_async(writes_locked, NULL);
	skua_await(skua_async(writes_async, NULL));
	skua_await(other);
}

static skua_rwlock rwlock = SKUA_RWLOCK_INIT;

static void *writes_as_reader(void *arg)
{
	skua_rwlock_rdlock(&rwlock);
	meets_and_writes();
	skua_rwlock_rdunlock(&rwlock);
	return arg;
}

/* Readers share the lock; these write. */
static void as_reader(void)
{
	skua_future *other = skua_async(writes_as_reader, NULL);
	skua_await(skua_async(writes_as_reader, NULL));
	skua_await(other);
}

int main(int argc, char **argv)
{
	static const planted all[] = {
		{ "between_siblings", between_siblings },
		{ "after_spawn", after_spawn },
		{ "before_sync", before_sync },
		{ "in_loop", in_loop },
		{ "after_async", after_async },
		{ "in_group", in_group },
		{ "after_send", after_send },
		{ "without_lock", without_lock },
		{ "as_reader", as_reader },
	};
	int error = planted_run(all, sizeof all / sizeof all[0], argc, argv);
	if (error)
		return error;
	printf("no race was seen\n");
	return 1;
}
