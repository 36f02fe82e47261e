/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutex: await/mutex.c as it is, above the real queues of waiters and waits. What is under it is plain memory, so
 * that a hand-over without order is a race; a waiter who is forgotten is a deadlock.
 */
#include "await/mutex.h"
#include "scenarios.h"
#include "twin_await.h"

#include <errno.h>

static struct board {
	skua_mutex *mutex;
	uint64_t count; /* under it */
	uint64_t users; /* under it: who has not been in yet */
	bool had[MODEL_THREADS];
} * b;

static void setup_with(unsigned fibers)
{
	twin_await_setup(fibers);
	b = model_new(sizeof *b);
	b->mutex = model_new(sizeof *b->mutex);
}

static void setup(void)
{
	setup_with(3);
}

static void setup_four(void)
{
	setup_with(4);
}

/* Whoever is passed over is starved at once. */
static void setup_starved(void)
{
	setup_with(3);
	model_tick = 2000000;
}

/* The last thread is none of a worker. */
static void setup_thread(void)
{
	setup_with(1);
}

/* It is unlocked by plain stores, until somebody has to queue. */
static void keep(void)
{
	sk_mutex *mutex = (sk_mutex *)(void *)b->mutex;
	mutex->kept = true;
	mutex->lapses = 1; /* so that it is not kept again at once */
}

static void setup_kept(void)
{
	setup();
	keep();
}

static void setup_kept_starved(void)
{
	setup_starved();
	keep();
}

static void setup_kept_thread(void)
{
	setup_thread();
	keep();
}

/* It is kept from the first unlock that finds nobody waiting. */
static void setup_keeping(void)
{
	setup();
	twin->pool.membarrier = true;
}

static void finish(void)
{
	uint64_t had = 0;
	for (unsigned t = 0; t < MODEL_THREADS; t++)
		had += b->had[t];
	model_check(b->count == had, "an increment is lost");
	sk_mutex *mutex = (sk_mutex *)(void *)b->mutex;
	model_check(sk_load_relaxed(&mutex->base.word) == 0 && !mutex->base.queue.first,
	            "K1: the mutex is left as %u, with%s a waiter", sk_load_relaxed(&mutex->base.word),
	            mutex->base.queue.first ? "" : "out");
	model_check(mutex->kept || !sk_load_relaxed(&mutex->claimed), "G5: a claim is left behind");
}

static void count(unsigned thread)
{
	skua_mutex_lock(b->mutex);
	b->count++;
	b->had[thread] = true;
	skua_mutex_unlock(b->mutex);
}

static void count_twice(unsigned thread)
{
	count(thread);
	skua_mutex_lock(b->mutex);
	skua_mutex_unlock(b->mutex);
}

/* The first does it twice. */
static void count_on(unsigned thread)
{
	if (thread == 0)
		count_twice(thread);
	else
		count(thread);
}

/* The second gives up at a deadline; a plain thread keeps it by itself. */
static void until_thread(unsigned thread)
{
	if (thread == 0) {
		count(0);
	} else if (skua_mutex_lock_until(b->mutex, UINT64_C(1) << 40) == 0) {
		b->count++;
		b->had[1] = true;
		skua_mutex_unlock(b->mutex);
	}
}

/* A fiber's is fired by the third. */
static void until(unsigned thread)
{
	if (thread == 2)
		twin_fire_timer();
	else
		until_thread(thread);
}

/* And there is one more who wants it: the one who gives up may have been woken for him. */
static void until_passed(unsigned thread)
{
	if (thread == 3)
		count(2);
	else
		until(thread);
}

/* K2: who finds under the mutex that nobody else comes frees it. */
static void setup_users(void)
{
	setup();
	b->users = 2;
}

static void setup_kept_users(void)
{
	setup_users();
	keep();
}

static void last_frees(unsigned thread)
{
	(void)thread;
	skua_mutex_lock(b->mutex);
	bool is_last = --b->users == 0;
	skua_mutex_unlock(b->mutex);
	if (is_last)
		model_free(b->mutex);
}

const model_scenario mutex_scenarios[] = {
	{ "mutex.two", "two fibers", 2, setup, count, finish, .spurious = 0 },
	{ "mutex.starved", "two fibers, it is handed over", 2, setup_starved, count, finish, .spurious = 0 },
	{ "mutex.free", "the last of two frees it", 2, setup_users, last_frees, NULL, .spurious = 0 },
	{ "mutex.thread", "a fiber and a plain thread", 2, setup_thread, count, finish, .spurious = 1 },
	{ "mutex.until_thread", "a plain thread with a deadline", 2, setup_thread, until_thread, finish,
	  .spurious = 0 },
	{ "mutex.until", "a deadline", 3, setup, until, finish, .spurious = 0 },
	{ "mutex.until_passed", "a deadline, and one more", 4, setup_four, until_passed, finish, .spurious = 0,
	  .preemptions = 2, .stale = 1 },
	{ "mutex.barge", "three fibers", 3, setup, count, finish, .spurious = 0, .preemptions = 1, .stale = 1 },
	{ "mutex.three", "three fibers", 3, setup, count, finish, .spurious = 0, .preemptions = 2, .is_large = true },
	{ "mutex.three_starved", "three fibers, it is handed over", 3, setup_starved, count, finish, .spurious = 0,
	  .preemptions = 2, .is_large = true },
	{ "mutex.kept", "two fibers, it is kept", 2, setup_kept, count, finish, .spurious = 0 },
	{ "mutex.kept_on", "two fibers, it is kept, one locks it twice", 2, setup_kept, count_on, finish,
	  .spurious = 0, .is_large = true },
	{ "mutex.keeping", "two fibers, one twice, it is kept in between", 2, setup_keeping, count_on, finish,
	  .spurious = 0, .preemptions = 2 },
	{ "mutex.kept_starved", "it is kept, and handed over", 2, setup_kept_starved, count, finish, .spurious = 0 },
	{ "mutex.kept_free", "it is kept, the last of two frees it", 2, setup_kept_users, last_frees, NULL,
	  .spurious = 0 },
	{ "mutex.kept_thread", "it is kept, a fiber and a plain thread", 2, setup_kept_thread, count, finish,
	  .spurious = 1 },
	{ "mutex.kept_until", "it is kept, a deadline", 3, setup_kept, until, finish, .spurious = 0, .preemptions = 2 },
	{ "mutex.kept_barge", "it is kept, three fibers", 3, setup_kept, count, finish, .spurious = 0,
	  .preemptions = 1, .stale = 3 },
	{ "mutex.kept_three", "it is kept, three fibers", 3, setup_kept, count, finish, .spurious = 0,
	  .preemptions = 2, .stale = 3, .is_large = true },
	{ "mutex.kept_three_long", "the same, and older values at will", 3, setup_kept, count, finish, .spurious = 0,
	  .preemptions = 2, .is_long = true },
	{ 0 },
};
