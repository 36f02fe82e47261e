/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: they run, have their name, and are deaf to the signals that belong to the program. */
#include "sys/thread.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static sigset_t mask_there;
static char name_there[32];
static uint64_t cpu_there;

static void note(void *arg)
{
	*(int *)arg += 1;
	pthread_sigmask(SIG_SETMASK, NULL, &mask_there);
#if defined(__linux__)
	pthread_getname_np(pthread_self(), name_there, sizeof name_there);
#endif
}

static void use_the_processor(void *arg)
{
	uint64_t before = sk_thread_cpu_ns();

	(void)arg;
	while (sk_thread_cpu_ns() < before + 2000000)
		sk_thread_yield();
	cpu_there = sk_thread_cpu_ns();
}

static void sleep_a_little(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	cpu_there = sk_thread_cpu_ns();
}

/* Touches a quarter of the stack; a sanitizer's own variables of a thread may take half of it. */
static void use_the_stack(void *arg)
{
	volatile unsigned char block[SK_THREAD_STACK_MIN / 4];
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof block; i += 1024)
		block[i] = 1;
	for (size_t i = 0; i < sizeof block; i += 1024)
		sum += block[i];
	*(unsigned *)arg = sum;
}

Test(thread, a_thread_has_room_on_its_stack_however_small_the_default_is)
{
	sk_thread thread;
	pthread_attr_t small;
	unsigned sum = 0;

	pthread_attr_init(&small);
#if defined(__linux__)
	/* Refused by musl, whose default is as small. */
	pthread_attr_setstacksize(&small, (size_t)128 << 10);
	pthread_setattr_default_np(&small);
#endif
	pthread_attr_destroy(&small);
	cr_assert_eq(sk_thread_create(&thread, "roomy", use_the_stack, &sum), 0);
	sk_thread_join(&thread);
	cr_assert_eq(sum, SK_THREAD_STACK_MIN / 4 / 1024);
}

Test(thread, a_thread_runs_its_function_once)
{
	sk_thread thread;
	int runs = 0;

	cr_assert_eq(sk_thread_create(&thread, "once", note, &runs), 0);
	sk_thread_join(&thread);
	cr_assert_eq(runs, 1);
}

Test(thread, a_thread_is_deaf_to_asynchronous_signals_only)
{
	static const int blocked[] = { SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGHUP, SIGPIPE, SIGWINCH };
	static const int open[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF };
	sk_thread thread;
	int runs = 0;

	cr_assert_eq(sk_thread_create(&thread, "deaf", note, &runs), 0);
	sk_thread_join(&thread);
	for (size_t i = 0; i < sizeof blocked / sizeof blocked[0]; i++)
		cr_assert_eq(sigismember(&mask_there, blocked[i]), 1, "signal %d", blocked[i]);
	for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
		cr_assert_eq(sigismember(&mask_there, open[i]), 0, "signal %d", open[i]);
}

Test(thread, the_creator_keeps_its_signal_mask)
{
	sk_thread thread;
	sigset_t mine;
	sigset_t after;
	int runs = 0;

	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &mine, NULL);
	cr_assert_eq(sk_thread_create(&thread, "mask", note, &runs), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	sk_thread_join(&thread);
	cr_assert_eq(sigismember(&after, SIGUSR2), 1);
	cr_assert_eq(sigismember(&after, SIGUSR1), 0);
	cr_assert_eq(sigismember(&after, SIGTERM), 0);
}

Test(thread, a_long_name_is_cut)
{
	sk_thread thread;
	int runs = 0;

	cr_assert_eq(sk_thread_create(&thread, "a name that is far too long", note, &runs), 0);
	sk_thread_join(&thread);
	cr_assert_str_eq(thread.name, "a name that is ");
#if defined(__linux__)
	cr_assert_str_eq(name_there, "a name that is ");
#endif
}

static int is_ready, may_end, has_ended;

static void withstand(void *arg)
{
	(void)arg;
	sk_thread_cancel_never();
	__atomic_store_n(&is_ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE))
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL); /* a cancellation point */
	has_ended = 1;
}

Test(thread, a_thread_that_is_never_cancelled_stays)
{
	sk_thread thread;

	cr_assert_eq(sk_thread_create(&thread, "stays", withstand, NULL), 0);
	while (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE))
		sk_thread_yield();
	cr_assert_eq(pthread_cancel(thread.handle), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	__atomic_store_n(&may_end, 1, __ATOMIC_RELEASE);
	sk_thread_join(&thread);
	cr_assert_eq(has_ended, 1);
}

Test(thread, processor_time_counts_work_and_not_sleep)
{
	sk_thread thread;

	cr_assert_eq(sk_thread_create(&thread, "works", use_the_processor, NULL), 0);
	sk_thread_join(&thread);
	cr_assert_geq(cpu_there, 2000000);
	cr_assert_eq(sk_thread_create(&thread, "sleeps", sleep_a_little, NULL), 0);
	sk_thread_join(&thread);
	cr_assert_lt(cpu_there, 25000000);
}
