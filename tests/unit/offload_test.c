/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking calls on threads of their own: results, growth to the limit, calls that wait for tasks, stop and start. */
#include "wired.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static SK_ATOMIC(uint32_t) inside, most;

static void *blocks(void *arg)
{
	uint32_t now = sk_add_relaxed(&inside, 1) + 1, seen = sk_load_relaxed(&most);
	while (now > seen && !sk_cas_relaxed(&most, &seen, now))
		;
	cr_assert_eq(skua_worker_index(), -1, "not on a worker");
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	sk_sub_acq_rel(&inside, 1);
	return arg;
}

static void *offloads(void *arg)
{
	return skua_offload(blocks, arg);
}

static void many(void)
{
	skua_future *f[40];
	for (intptr_t i = 0; i < 40; i++)
		f[i] = skua_async(offloads, number(i));
	for (intptr_t i = 0; i < 40; i++)
		cr_assert_eq(skua_await(f[i]), number(i));
}

Test(offload, calls_give_their_results)
{
	with_workers(1, 4, many);
}

Test(offload, not_more_threads_than_the_limit)
{
	setenv("SKUA_OFFLOAD", "3", 1);
	start(2, false);
	many();
	cr_assert_leq(sk_load_relaxed(&most), 3u);
	cr_assert_eq(sk_load_relaxed(&most), 3u, "and as many as are of use");
	skua_stop();
}

static void *is_here(void *thread)
{
	*(pthread_t *)thread = pthread_self();
	return thread;
}

Test(offload, a_plain_thread_makes_the_call_itself)
{
	pthread_t thread;
	cr_assert_eq(skua_offload(is_here, &thread), &thread);
	cr_assert(pthread_equal(thread, pthread_self()));
}

/* As a library may do; the stack of musl's own threads has 128 KiB. */
static void *uses_the_stack(void *arg)
{
	volatile char block[(size_t)3 << 19];
	for (size_t i = 0; i < sizeof block; i += 1024)
		block[i] = (char)i;
	return block[sizeof block - 1024] == (char)(sizeof block - 1024) ? arg : NULL;
}

static void *offloads_what_needs_stack(void *arg)
{
	return skua_offload(uses_the_stack, arg);
}

Test(offload, a_call_has_room_on_its_stack)
{
	start(2, false);
	cr_assert_eq(skua_await(skua_async(offloads_what_needs_stack, number(7))), number(7));
	skua_stop();
}

/* With a limit of one: calls that await tasks that offload in their turn. */
static void *awaits_another(void *arg)
{
	intptr_t depth = (intptr_t)arg;
	if (depth == 0)
		return number(1);
	skua_future *f = skua_async((void *(*)(void *))offloads, number(7));
	cr_assert_eq(skua_await(f), number(7));
	return number(depth);
}

static void *offloads_a_waiter(void *arg)
{
	return skua_offload(awaits_another, arg);
}

Test(offload, a_call_that_waits_for_a_task_does_not_count)
{
	setenv("SKUA_OFFLOAD", "1", 1);
	for (unsigned workers = 1; workers <= 3; workers++) {
		start(workers, false);
		skua_future *f[8];
		for (intptr_t i = 0; i < 8; i++)
			f[i] = skua_async(offloads_a_waiter, number(i + 1));
		for (intptr_t i = 0; i < 8; i++)
			cr_assert_eq(skua_await(f[i]), number(i + 1));
		skua_stop();
	}
}

/* A call runs a task, which offloads a call, which runs a task, and so on. */
static void *runs_one_less(void *left);

SKUA_TASK(intptr_t, offloads_one_less, intptr_t, left)
{
	return left == 0 ? 0 : 1 + (intptr_t)skua_offload(runs_one_less, number(left - 1));
}

static void *runs_one_less(void *left)
{
	cr_assert_eq(skua_worker_index(), -1, "not on a worker");
	return number(SKUA_RUN(offloads_one_less, (intptr_t)left));
}

static void calls_that_run_tasks(void)
{
	cr_assert_eq(SKUA_RUN(offloads_one_less, 5), 5);
}

Test(offload, a_call_that_runs_a_task_does_not_count_either)
{
	setenv("SKUA_OFFLOAD", "1", 1);
	with_workers(1, 3, calls_that_run_tasks);
}

/* --- the end --- */

static int ends[2];

static void *reads_a_byte(void *arg)
{
	char byte;
	cr_assert_eq(skua_read(ends[0], &byte, 1), 1);
	return arg;
}

/* Takes long enough for a worker to fall asleep in the reactor; then it has an event, and is to be woken as well. */
static void *writes_a_byte(void *arg)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	return arg;
}

static void *offloads_the_writing(void *arg)
{
	return skua_offload(writes_a_byte, arg);
}

/*
 * The reactor is made before the first thread is, and is not to be unmade while that thread is about to wake a worker
 * in it, though the tasks have gone on by themselves and are over.
 */
Test(offload, a_thread_that_still_wakes_somebody_is_waited_for)
{
	cr_assert_eq(pipe(ends), 0);
	for (int round = 0; round < 300; round++) {
		start(1 + (unsigned)round % 3, false);
		skua_future *reading = skua_async(reads_a_byte, number(1));
		await_waiting(1);
		cr_assert_eq(skua_await(skua_async(offloads_the_writing, number(2))), number(2));
		cr_assert_eq(skua_await(reading), number(1));
		skua_stop();
	}
}

/* --- calls that meet --- */

enum { MEET = 4 };
static pthread_barrier_t meeting;

static void *meets(void *arg)
{
	pthread_barrier_wait(&meeting);
	return arg;
}

static void *offloads_a_meeting(void *arg)
{
	return skua_offload(meets, arg);
}

/* One thread is idle from before. It serves one of the calls that come together, and there is one for each of them. */
Test(offload, idle_threads_are_not_counted_for_more_calls_than_one)
{
	cr_assert_eq(pthread_barrier_init(&meeting, NULL, MEET), 0);
	start(2, false);
	for (int round = 0; round < 20; round++) {
		skua_future *f[MEET];
		cr_assert_eq(skua_await(skua_async(offloads, number(1))), number(1));
		for (intptr_t i = 0; i < MEET; i++)
			f[i] = skua_async(offloads_a_meeting, number(i));
		for (intptr_t i = 0; i < MEET; i++)
			cr_assert_eq(skua_await(f[i]), number(i));
		if (round % 4 == 3) { /* with fewer idle threads again */
			skua_stop();
			start(2, false);
		}
	}
	skua_stop();
	pthread_barrier_destroy(&meeting);
}

/* --- a stop meanwhile --- */

static flag call_begun;

static void *same(void *arg)
{
	return arg;
}

static bool is_stopping(void)
{
	sk_pool *pool = sk_pool_try_enter();
	if (pool)
		sk_pool_leave(pool);
	return pool == NULL;
}

static void *begins_a_task_during_the_stop(void *arg)
{
	flag_raise(&call_begun);
	while (!is_stopping())
		sched_yield();
	return skua_await(skua_async(same, arg));
}

static void *offloads_during_the_stop(void *arg)
{
	*(void **)arg = skua_offload(begins_a_task_during_the_stop, arg);
	return arg;
}

/* The stop waits for the task, the task for its call, and the call for a task that it begins: that may come in. */
Test(offload, a_call_may_begin_and_await_a_task_while_the_runtime_stops)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		void *result = NULL;
		sk_store_release(&call_begun, 0);
		start(workers, false);
		skua_drop(skua_async(offloads_during_the_stop, &result));
		flag_await(&call_begun);
		skua_stop();
		cr_assert_eq(result, &result);
	}
}

SKUA_TASK(intptr_t, tree, intptr_t, depth)
{
	if (depth == 0)
		return (intptr_t)skua_offload(blocks, number(1));
	SKUA_SPAWN(tree, depth - 1);
	intptr_t right = SKUA_CALL(tree, depth - 1);
	return SKUA_SYNC(tree) + right;
}

Test(offload, fork_join_tasks_may_block)
{
	start(2, false);
	cr_assert_eq(SKUA_RUN(tree, (intptr_t)6), 64u);
	skua_stop();
	start(2, false);
	cr_assert_eq(SKUA_RUN(tree, (intptr_t)3), 8u, "after a stop, anew");
	skua_stop();
}

Test(offload, nonsense_is_refused)
{
	setenv("SKUA_OFFLOAD", "0", 1);
	cr_assert_eq(skua_start(NULL), -EINVAL);
	cr_assert_not_null(strstr(skua_start_problem(), "SKUA_OFFLOAD=0"));
}

/* The child of a fork has none of the threads, and makes its own. Where not: see the same test in runtime_test.c. */
#if !SK_THREAD_SANITIZER && !SK_ADDRESS_SANITIZER && !UNIT_EMULATED
Test(offload, the_child_of_a_fork_has_threads_of_its_own)
{
	int status = -1;
	start(2, false);
	many();
	pid_t child = fork();
	if (child == 0) {
		alarm(50);
		bool fine = skua_workers() == 0 && skua_await(skua_async(offloads, number(7))) == number(7);
		skua_stop();
		_exit(fine ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", (unsigned)status);
	many();
	skua_stop();
}
#endif
