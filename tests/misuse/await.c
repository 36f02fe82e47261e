/* SPDX-License-Identifier: Apache-2.0 */
/* Misuse of await.h, and what the library says about tasks that can never go on. */
#undef SKUA_CHECK
#define SKUA_CHECK 1

#include "cases.h"

static void start(unsigned workers)
{
	skua_config config = { .workers = workers, .bind = "none" };
	int error = skua_start(&config);
	CASES_REQUIRE(error == 0, "%s", skua_start_problem());
}

static void *same(void *arg)
{
	return arg;
}

static void *sleeps_for_ever(void *arg)
{
	skua_sleep_until(SKUA_FOREVER);
	return arg;
}

/* Endless, but no compiler may say so. */
static __attribute__((noinline)) int deeper(int depth)
{
	volatile char space[200];
	space[0] = (char)depth;
	return depth < 0 ? 0 : deeper(depth + 1) + space[0];
}

static void *overflows(void *arg)
{
	return deeper(1) ? arg : NULL;
}

static void stack_full(void)
{
	setenv("SKUA_ASYNC_STACK", "64K", 1);
	skua_await(skua_async(overflows, NULL));
}

static void stack_full_with_mprotect(void)
{
	setenv("SKUA_GUARD", "mprotect", 1);
	skua_await(skua_async(overflows, NULL));
}

#if !CASES_TSAN
/* The child of a fork() from inside a task has only this thread; what it waits for does not come. */
static void *waits_in_a_child(void *arg)
{
	pid_t child = fork();
	if (child == 0) {
		skua_sleep_ns(UINT64_C(3600) * 1000000000); /* a short one may be over when it looks around */
		_exit(3);
	}
	int status = 0;
	waitpid(child, &status, 0);
	CASES_REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
	return arg;
}

static void wait_in_a_child(void)
{
	start(2);
	skua_await(skua_async(waits_in_a_child, NULL));
}
#endif

/* Deep fork-join work in a task has a big stack. */
SKUA_TASK(int, deep, int, depth)
{
	volatile char space[400];
	space[0] = (char)depth;
	if (depth == 0)
		return 1;
	SKUA_SPAWN(deep, depth - 1);
	return SKUA_SYNC(deep) + (space[0] != (char)depth);
}

static void *runs_deep(void *arg)
{
	return SKUA_RUN(deep, 4000) == 1 ? arg : NULL;
}

static void deep_fork_join(void)
{
	int something = 1;
	setenv("SKUA_ASYNC_STACK", "64K", 1);
	CASES_REQUIRE(skua_await(skua_async(runs_deep, &something)) == &something, "the deep task's result");
	skua_stop();
}

static void awaited_twice(void)
{
	start(1);
	skua_future *f = skua_async(same, NULL);
	skua_await(f);
	skua_await(f);
}

static void dropped_twice(void)
{
	start(1);
	skua_future *f = skua_async(sleeps_for_ever, NULL);
	skua_drop(f);
	skua_drop(f);
}

static void *awaits(void *future)
{
	return skua_await(future);
}

static void awaited_by_two(void)
{
	start(2);
	skua_future *f = skua_async(sleeps_for_ever, NULL);
	skua_future *a = skua_async(awaits, f), *b = skua_async(awaits, f);
	skua_await(a);
	skua_await(b);
}

static void dropped_while_awaited(void)
{
	start(1);
	skua_future *f = skua_async(sleeps_for_ever, NULL);
	skua_drop(skua_async(awaits, f));
	skua_await(skua_async(same, NULL)); /* the only worker comes to it when the others wait */
	skua_drop(f);
}

static int ends(void *arg)
{
	(void)arg;
	return 0;
}

static void *leaves_a_group(void *group)
{
	skua_group_run(group, ends, NULL);
	return NULL;
}

static void group_left_open(void)
{
	start(1);
	skua_group group = SKUA_GROUP_INIT;
	skua_await(skua_async(leaves_a_group, &group));
}

static void *leaves_two_groups(void *groups)
{
	skua_group *group = groups;
	skua_group_run(&group[0], ends, NULL);
	skua_group_run(&group[1], ends, NULL);
	return NULL;
}

static void groups_left_open(void)
{
	start(1);
	skua_group groups[] = { SKUA_GROUP_INIT, SKUA_GROUP_INIT };
	skua_await(skua_async(leaves_two_groups, groups));
}

/* Two tasks that wait for each other; a third party, here the one that asks, would have to help. */
static skua_future *_Atomic first, *_Atomic second;

static void *awaits_second(void *arg)
{
	while (!second) /* the one that asks is slow in an emulator */
		skua_sleep_ns(1000000);
	skua_await_until(second, SKUA_FOREVER, NULL);
	return arg;
}

static void *awaits_first(void *arg)
{
	skua_sleep_ns(1000000);
	skua_await_until(first, SKUA_FOREVER, NULL);
	return arg;
}

static void deadlock_is_told(void)
{
	setenv("SKUA_VERBOSE", "1", 1);
	start(2);
	first = skua_async(awaits_second, NULL);
	second = skua_async(awaits_first, NULL);
	skua_sleep_ns(UINT64_C(3500000000));
	skua_cancel(first); /* so it ends, and the other one gets its result */
	skua_stop();
}

static void bad_settings(void)
{
	static const char *const bad[][2] = { { "SKUA_ASYNC_STACK", "1" }, { "SKUA_ASYNC_STACK", "big" },
		                              { "SKUA_OFFLOAD", "0" },     { "SKUA_OFFLOAD", "many" } };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		setenv(bad[i][0], bad[i][1], 1);
		CASES_REQUIRE(skua_start(NULL) == -EINVAL, "%s=%s", bad[i][0], bad[i][1]);
		CASES_REQUIRE(strstr(skua_start_problem(), bad[i][0]), "the problem is \"%s\"", skua_start_problem());
		CASES_REQUIRE(skua_async(same, NULL) == NULL && errno == EINVAL, "no future without a runtime");
		skua_group group = SKUA_GROUP_INIT;
		CASES_REQUIRE(skua_group_run(&group, ends, NULL) == -EINVAL, "nor a task in a group");
		unsetenv(bad[i][0]);
	}
	CASES_REQUIRE(skua_await(skua_async(same, &first)) == &first, "afterwards");
	skua_stop();
}

int main(int argc, char **argv)
{
	static const cases_case all[] = {
		{ "stack_full", stack_full, CASES_ABORTS,
		  { "stack overflow of small fiber ", " 64 KiB", "SKUA_ASYNC_STACK", "async_stack_bytes" }, 0 },
		{ "stack_full_with_mprotect", stack_full_with_mprotect, CASES_ABORTS,
		  { "stack overflow of small fiber ", "SKUA_ASYNC_STACK" }, 0 },
#if !CASES_TSAN /* which takes what the threads were doing for races with them */
		{ "wait_in_a_child", wait_in_a_child, CASES_EXITS, { "the child of a fork() from inside a task" }, 0 },
#endif
		{ "deep_fork_join", deep_fork_join, CASES_EXITS, { NULL }, 0 },
		{ "awaited_twice", awaited_twice, CASES_ABORTS, { "a future was awaited or dropped twice" }, 0 },
		{ "dropped_twice", dropped_twice, CASES_ABORTS, { "a future was awaited or dropped twice" }, 0 },
		{ "awaited_by_two", awaited_by_two, CASES_ABORTS, { "two callers wait for one future" }, 0 },
		{ "dropped_while_awaited", dropped_while_awaited, CASES_ABORTS,
		  { "a future was dropped while somebody waits for it" }, 0 },
		{ "groups_left_open", groups_left_open, CASES_ABORTS, { "without skua_group_wait for 2 groups" }, 0 },
		{ "group_left_open", group_left_open, CASES_ABORTS, { "without skua_group_wait for 1 group" }, 0 },
		{ "deadlock_is_told", deadlock_is_told, CASES_EXITS,
		  { "standstill: 2 tasks", "waits for a future" }, 0 },
		{ "bad_settings", bad_settings, CASES_EXITS, { NULL }, 0 },
	};
	return cases_main(all, sizeof all / sizeof all[0], argc, argv);
}
