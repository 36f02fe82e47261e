/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: await/group.c as it is, above the real waits and futures. Thread 0 owns a group, which it frees as soon as
 * its wait is over; threads 1 and 2 run its tasks. A task that waits can be ended by a cancellation only, so one that
 * is lost is a deadlock.
 */
#include "await/group.h"
#include "scenarios.h"
#include "twin_await.h"

#include <errno.h>

static struct board {
	skua_group *group;
	sk_async owner; /* whose scope is the owner's */
	uint64_t content[2];
	int result[2]; /* of the tasks */
} * b;

static void setup(void)
{
	twin_await_setup(3);
	b = model_new(sizeof *b);
	b->group = model_new(sizeof *b->group);
}

/* The owner is no worker. */
static void setup_thread(void)
{
	setup();
	twin->fiber_of[0] = TWIN_NO_FIBER;
}

/* The owner can be cancelled. */
static void setup_owner(void)
{
	setup();
	twin->fiber[0].fiber.scope = &b->owner.scope;
}

static int work(void *arg)
{
	*(uint64_t *)arg = 7;
	return 0;
}

static int fail(void *arg)
{
	*(uint64_t *)arg = 7;
	return -EIO;
}

/* Until it is cancelled. */
static int linger(void *arg)
{
	const sk_wait_for what = { .deadline_ns = SK_TIMERS_NEVER, .why = SK_WAIT_SLEEP, .cancellable = true };
	uint32_t cause = sk_wait(&what);
	model_check(cause == SK_CAUSE_CANCEL, "a wait that only a cancellation can end ended by %u", cause);
	*(uint64_t *)arg = 7;
	return -ECANCELED;
}

static int cancel_group(void *arg)
{
	*(uint64_t *)arg = 7;
	skua_group_cancel(b->group);
	return 0;
}

static void begin(unsigned i, int (*task)(void *))
{
	model_check(skua_group_run(b->group, task, &b->content[i]) == 0, "a task was not started");
}

static int end(void)
{
	int result = skua_group_wait(b->group);
	sk_group *group = (sk_group *)(void *)b->group;
	model_check(group->count == 0 && !group->tasks, "the wait ended before its tasks");
	model_free(b->group);
	return result;
}

static void one(unsigned thread)
{
	if (thread > 0) {
		twin_run_start(0);
		return;
	}
	begin(0, work);
	model_check(end() == 0, "nothing has failed");
	model_check(b->content[0] == 7, "what the task did is not there");
}

static void two(unsigned thread)
{
	if (thread > 0) {
		twin_run_start(thread - 1);
		return;
	}
	begin(0, work);
	begin(1, work);
	model_check(end() == 0, "nothing has failed");
	model_check(b->content[0] == 7 && b->content[1] == 7, "what a task did is not there");
}

/* One fails, which cancels the other one: before it begins, before it waits, while it waits. */
static void failing(unsigned thread)
{
	if (thread > 0) {
		twin_run_start(thread - 1);
		return;
	}
	begin(0, linger);
	begin(1, fail);
	model_check(end() == -EIO, "the first failure is not told");
	model_check(b->content[1] == 7, "what a task did is not there");
}

/* The same by a call from inside. */
static void cancelling(unsigned thread)
{
	if (thread > 0) {
		twin_run_start(thread - 1);
		return;
	}
	begin(0, linger);
	begin(1, cancel_group);
	model_check(end() == -ECANCELED, "the cancellation is not told");
}

/* The owner is cancelled while it waits for a task that ends, or for one that only a cancellation ends. */
static void owner_cancelled(unsigned thread, int (*task)(void *))
{
	if (thread == 1) {
		twin_run_start(0);
	} else if (thread == 2) {
		sk_scope_cancel(&b->owner.scope);
	} else {
		begin(0, task);
		int result = end();
		model_check(result == -ECANCELED || (result == 0 && task == work), "the group gave %d", result);
	}
}

static void owner_of_worker(unsigned thread)
{
	owner_cancelled(thread, work);
}

static void owner_of_lingerer(unsigned thread)
{
	owner_cancelled(thread, linger);
}

/* A deadline, which a plain thread keeps by itself. */
static void deadline(unsigned thread)
{
	if (thread > 0) {
		twin_run_start(thread - 1);
		return;
	}
	begin(0, linger);
	skua_group_deadline(b->group, 1000);
	model_check(end() == -ETIMEDOUT, "the deadline is not told");
}

const model_scenario group_scenarios[] = {
	{ "group.two", "two tasks, one waits", 3, setup, two, NULL, .spurious = 0 },
	{ "group.thread", "one task, a plain thread waits", 2, setup_thread, one, NULL, .spurious = 1 },
	{ "group.failing", "one fails, which cancels the other", 3, setup, failing, NULL, .spurious = 0,
	  .preemptions = 2, .stale = 2, .is_large = true },
	{ "group.cancelling", "one cancels the group", 3, setup, cancelling, NULL, .spurious = 0, .preemptions = 2,
	  .stale = 2, .is_large = true },
	{ "group.owner", "the owner is cancelled", 3, setup_owner, owner_of_worker, NULL, .spurious = 0,
	  .preemptions = 2, .is_large = true },
	{ "group.lingering", "and its task ends by that only", 3, setup_owner, owner_of_lingerer, NULL, .spurious = 0,
	  .preemptions = 2, .is_large = true },
	{ "group.deadline", "a plain thread's deadline", 2, setup_thread, deadline, NULL, .spurious = 0 },
	{ 0 },
};
