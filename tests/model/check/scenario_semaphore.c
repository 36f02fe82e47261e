/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores: await/semaphore.c as it is, for await/waitable.c below it, which read-write locks, events and the rest
 * share. What was done before a post is there for who was let through by it; a waiter who is forgotten is a deadlock.
 */
#include "await/semaphore.h"
#include "scenarios.h"
#include "twin_await.h"

#include <errno.h>

static struct board {
	skua_sem *sem;
	uint64_t content; /* before the post */
	uint64_t inside;  /* with a count of 1: one at a time */
	uint64_t entries;
} * b;

static void setup_with(unsigned count)
{
	twin_await_setup(3);
	b = model_new(sizeof *b);
	b->sem = model_new(sizeof *b->sem);
	model_check(skua_sem_init(b->sem, count) == 0, "no semaphore");
}

static void setup_none(void)
{
	setup_with(0);
}

static void setup_one(void)
{
	setup_with(1);
}

/* The waiter is a plain thread. */
static void setup_thread(void)
{
	setup_with(0);
	twin->fiber_of[0] = TWIN_NO_FIBER;
}

/* One waits for the other, and frees the semaphore. */
static void post(unsigned thread)
{
	if (thread == 1) {
		b->content = 7;
		skua_sem_post(b->sem, 1);
		return;
	}
	model_check(skua_sem_wait(b->sem) == 0, "the wait has failed");
	model_check(b->content == 7, "what was done before the post is not there");
	model_free(b->sem);
}

/* A lock for two. */
static void one_at_a_time(unsigned thread)
{
	(void)thread;
	model_check(skua_sem_wait(b->sem) == 0, "the wait has failed");
	model_check(b->inside++ == 0, "two are let in");
	b->entries++;
	b->inside--;
	skua_sem_post(b->sem, 1);
}

static void finish(void)
{
	model_check(b->entries == 2, "an entry is lost");
	model_check(skua_sem_trywait(b->sem) == 0 && skua_sem_trywait(b->sem) == -EAGAIN, "the count is wrong");
}

/* A waiter gives up at a deadline; what he might have got is there for the next one. */
static void until(unsigned thread)
{
	if (thread == 2) {
		twin_fire_timer();
	} else if (thread == 1) {
		b->content = 7;
		skua_sem_post(b->sem, 1);
	} else {
		if (skua_sem_wait_until(b->sem, UINT64_C(1) << 40) == -ETIMEDOUT)
			model_check(skua_sem_wait(b->sem) == 0, "the wait has failed");
		model_check(b->content == 7, "what was done before the post is not there");
	}
}

const model_scenario semaphore_scenarios[] = {
	{ "semaphore.post", "one posts, one waits and frees it", 2, setup_none, post, NULL, .spurious = 0 },
	{ "semaphore.thread", "the same, and a plain thread waits", 2, setup_thread, post, NULL, .spurious = 1 },
	{ "semaphore.lock", "one at a time", 2, setup_one, one_at_a_time, finish, .spurious = 0 },
	{ "semaphore.until", "a deadline", 3, setup_none, until, NULL, .spurious = 0 },
	{ 0 },
};
