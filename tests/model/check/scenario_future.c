/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futures: sched/waiter.c and await/async.c as they are. A fiber (thread 0, and thread 1, the context that commits its
 * waits) awaits a task that thread 2 runs; where there is a deadline, thread 3 fires its ticket. The fiber goes on once
 * for each wait, sees the result, and its stack is not used by the commit any more when it does.
 */
#include "scenarios.h"
#include "twin_await.h"

#include <skua/await.h>

#include <errno.h>

static struct board {
	uint64_t content;
} * b;

/* Thread 1 is the next context of thread 0's fiber. */
static void setup(void)
{
	twin_await_setup(2);
	twin->fiber_of[1] = 0;
	twin->fiber_of[2] = 1;
	twin->fiber[0].has_next = true;
	b = model_new(sizeof *b);
}

static void *task(void *arg)
{
	b->content = 7;
	return (char *)arg + 1;
}

static void take_part(unsigned thread)
{
	if (thread == 1)
		twin_next_context(&twin->fiber[0]);
	else if (thread == 2)
		twin_run_start(0);
	else
		twin_fire_timer();
}

static void await(unsigned thread)
{
	if (thread > 0) {
		take_part(thread);
		return;
	}
	skua_future *future = skua_async(task, b);
	model_check(skua_await(future) == (char *)b + 1, "the result is not there");
	model_check(b->content == 7, "what the task did is not there");
	twin_end(&twin->fiber[0]);
}

/* With a deadline: afterwards the future is dropped, or awaited again. */
static void await_until(unsigned thread, bool drop)
{
	if (thread > 0) {
		take_part(thread);
		return;
	}
	skua_future *future = skua_async(task, b);
	void *result = NULL;
	if (skua_await_until(future, 1000, &result) == -ETIMEDOUT) {
		if (drop)
			skua_drop(future);
		else
			result = skua_await(future);
	}
	if (result || !drop) {
		model_check(result == (char *)b + 1, "the result is not there");
		model_check(b->content == 7, "what the task did is not there");
	}
	twin_end(&twin->fiber[0]);
}

static void await_again(unsigned thread)
{
	await_until(thread, false);
}

static void await_drop(unsigned thread)
{
	await_until(thread, true);
}

const model_scenario future_scenarios[] = {
	{ "future.await", "one awaits, one finishes", 3, setup, await, NULL, .spurious = 0 },
	{ "future.again", "a deadline, then awaited again", 4, setup, await_again, NULL, .spurious = 0,
	  .is_large = true },
	{ "future.drop", "a deadline, then dropped", 4, setup, await_drop, NULL, .spurious = 0 },
	{ 0 },
};
