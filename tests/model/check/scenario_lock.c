/* SPDX-License-Identifier: Apache-2.0 */
/* The lock: sys/lock.h as it is; but who waits for it gives way until it changes, where it would nap in the end. */
#include "scenarios.h"
#include "sys/lock.h"

static struct board {
	sk_lock lock;
	uint64_t count; /* under the lock */
	unsigned threads;
} * b;

static void setup_two(void)
{
	b = model_new(sizeof *b);
	b->threads = 2;
}

static void setup_three(void)
{
	b = model_new(sizeof *b);
	b->threads = 3;
}

static void count(unsigned thread)
{
	(void)thread;
	sk_lock_take(&b->lock);
	b->count++;
	sk_lock_give(&b->lock);
}

static void count_twice(unsigned thread)
{
	count(thread);
	count(thread);
}

static void finish(void)
{
	model_check(b->count == b->threads || b->count == 2ull * b->threads, "an increment is lost");
	model_check(sk_load_relaxed(&b->lock) == 0, "the lock is left taken");
}

const model_scenario lock_scenarios[] = {
	{ "lock.two", "two threads, twice", 2, setup_two, count_twice, finish, .spurious = 0 },
	{ "lock.three", "three threads", 3, setup_three, count, finish, .spurious = 0 },
	{ 0 },
};
