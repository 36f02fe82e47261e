/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that tasks wait for. */
#include "wired.h"

#include <signal.h>

static const int both[] = { SIGUSR1, SIGUSR2 };

static void block(void)
{
	cr_assert_eq(skua_signal_block(both, 2), 0);
}

static void *wait_both(void *arg)
{
	(void)arg;
	return number(skua_signal_wait(both, 2));
}

static void *wait_first(void *arg)
{
	(void)arg;
	return number(skua_signal_wait(both, 1));
}

static void waits(void)
{
	kill(getpid(), SIGUSR2);
	cr_assert_eq(int_of(in_task(wait_both, NULL)), SIGUSR2, "one that came before");
	skua_future *waiting = skua_async(wait_both, NULL);
	await_waiting(1);
	cr_assert_not(skua_future_done(waiting));
	kill(getpid(), SIGUSR1);
	cr_assert_eq(int_of(skua_await(waiting)), SIGUSR1);
	/* Not the one that is not waited for. */
	waiting = skua_async(wait_first, NULL);
	kill(getpid(), SIGUSR2);
	skua_sleep_ns(MS);
	cr_assert_not(skua_future_done(waiting));
	skua_cancel(waiting);
	cr_assert_eq(int_of(skua_await(waiting)), -ECANCELED);
	cr_assert_eq(skua_signal_wait(both, 2), SIGUSR2, "a plain thread gets it; it was not lost");
	uint64_t until = skua_now_ns() + MS;
	cr_assert_eq(skua_signal_wait_until(both, 2, until), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), until);
	cr_assert_eq(skua_signal_wait_until(both, 2, 0), -ETIMEDOUT);
	cr_assert_eq(skua_signal_wait((int[]){ SIGKILL }, 1), -EINVAL);
	cr_assert_eq(skua_signal_wait((int[]){ 12345 }, 1), -EINVAL);
	cr_assert_eq(skua_signal_block((int[]){ SIGUSR1, SIGSTOP }, 2), -EINVAL);
	cr_assert_eq(skua_signal_wait(both, 0), -EINVAL);
}

Test(signal, tasks_and_threads_wait_for_signals, .init = block)
{
	wired(1, 4, waits);
}

/* Two wait for the same: each signal wakes one. */
static void one_each(void)
{
	skua_future *a = skua_async(wait_first, NULL), *b = skua_async(wait_first, NULL);
	await_waiting(2);
	kill(getpid(), SIGUSR1);
	while (!skua_future_done(a) && !skua_future_done(b))
		skua_sleep_ns(100000);
	skua_sleep_ns(MS);
	cr_assert_neq(skua_future_done(a), skua_future_done(b));
	kill(getpid(), SIGUSR1);
	cr_assert_eq(int_of(skua_await(a)), SIGUSR1);
	cr_assert_eq(int_of(skua_await(b)), SIGUSR1);
}

Test(signal, each_wakes_one, .init = block)
{
	wired(1, 2, one_each);
}
