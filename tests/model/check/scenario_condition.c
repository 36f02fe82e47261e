/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition: await/condition.c as it is, above the real mutex. A signal that is lost is a deadlock; a mutex that is
 * left locked, or with a waiter, is found at the end.
 */
#include "await/mutex.h"
#include "scenarios.h"
#include "twin_await.h"

#include <errno.h>

static struct board {
	skua_mutex *mutex;
	skua_cond *changed;
	uint64_t ready; /* under the mutex */
	uint64_t waits; /* how many may still touch the two, under it */
} * b;

static void setup(void)
{
	twin_await_setup(3);
	b = model_new(sizeof *b);
	b->mutex = model_new(sizeof *b->mutex);
	b->changed = model_new(sizeof *b->changed);
}

static sk_mutex *mutex(void)
{
	return (sk_mutex *)(void *)b->mutex;
}

/* The mutex is unlocked by plain stores, until somebody has to queue. */
static void setup_kept(void)
{
	setup();
	mutex()->kept = true;
	mutex()->lapses = 1; /* so that it is not kept again at once */
}

static void finish(void)
{
	model_check(sk_load_relaxed(&mutex()->base.word) == 0 && !mutex()->base.queue.first,
	            "the mutex is left as %u, with%s a waiter", sk_load_relaxed(&mutex()->base.word),
	            mutex()->base.queue.first ? "" : "out");
	model_check(!((sk_waitable *)(void *)b->changed)->queue.first, "the condition is left with a waiter");
}

static void wait_until_ready(void)
{
	skua_mutex_lock(b->mutex);
	while (!b->ready)
		model_check(skua_cond_wait(b->changed, b->mutex) == 0, "a wait without a deadline has ended by itself");
	skua_mutex_unlock(b->mutex);
}

static void make_ready(void)
{
	skua_mutex_lock(b->mutex);
	b->ready = 1;
	skua_mutex_unlock(b->mutex);
}

/* The last one signals when it has unlocked. */
static void signal_after(unsigned thread)
{
	if (thread == 0) {
		wait_until_ready();
		return;
	}
	make_ready();
	skua_cond_signal(b->changed);
}

static void signal_under(unsigned thread)
{
	if (thread == 0) {
		wait_until_ready();
		return;
	}
	skua_mutex_lock(b->mutex);
	b->ready = 1;
	skua_cond_signal(b->changed);
	skua_mutex_unlock(b->mutex);
}

static void broadcast(unsigned thread)
{
	if (thread < 2) {
		wait_until_ready();
		return;
	}
	make_ready();
	skua_cond_broadcast(b->changed);
}

/* The third wants the mutex meanwhile. */
static void barge(unsigned thread)
{
	if (thread < 2) {
		signal_after(thread);
		return;
	}
	skua_mutex_lock(b->mutex);
	b->waits++;
	skua_mutex_unlock(b->mutex);
}

/* A deadline, fired by the third, and a signal that may come too late or not. */
static void until(unsigned thread)
{
	if (thread == 2) {
		twin_fire_timer();
	} else if (thread == 1) {
		signal_after(thread);
	} else {
		skua_mutex_lock(b->mutex);
		if (!b->ready) {
			int error = skua_cond_wait_until(b->changed, b->mutex, UINT64_C(1) << 40);
			model_check(error == 0 || error == -ETIMEDOUT, "it has ended with %d", error);
			model_check(error != 0 || b->ready, "signalled by nobody");
		}
		skua_mutex_unlock(b->mutex);
	}
}

const model_scenario condition_scenarios[] = {
	{ "condition.after", "a signal after the unlock", 2, setup, signal_after, finish, .spurious = 0 },
	{ "condition.under", "a signal under the mutex", 2, setup, signal_under, finish, .spurious = 0 },
	{ "condition.barge", "another wants the mutex", 3, setup, barge, finish, .spurious = 0, .preemptions = 2,
	  .stale = 1 },
	{ "condition.broadcast", "two are told", 3, setup, broadcast, finish, .spurious = 0, .preemptions = 2,
	  .stale = 1 },
	{ "condition.until", "a deadline", 3, setup, until, finish, .spurious = 0, .preemptions = 2, .stale = 1 },
	{ "condition.kept_after", "a signal after the unlock of a mutex that is kept", 2, setup_kept, signal_after,
	  finish, .spurious = 0 },
	{ "condition.kept_under", "a signal under a mutex that is kept", 2, setup_kept, signal_under, finish,
	  .spurious = 0 },
	{ "condition.kept_barge", "another wants the mutex, which is kept", 3, setup_kept, barge, finish, .spurious = 0,
	  .preemptions = 1, .stale = 2 },
	{ "condition.kept_barge_often", "the same, and more often", 3, setup_kept, barge, finish, .spurious = 0,
	  .preemptions = 2, .stale = 2, .is_large = true },
	{ "condition.kept_broadcast", "two are told, the mutex is kept", 3, setup_kept, broadcast, finish,
	  .spurious = 0, .preemptions = 2, .stale = 2, .is_large = true },
	{ "condition.kept_until", "a deadline, the mutex is kept", 3, setup_kept, until, finish, .spurious = 0,
	  .preemptions = 2, .stale = 3, .is_large = true },
	{ 0 },
};
