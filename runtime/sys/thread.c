/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the operating system. See thread.h.
 *
 * The signal mask is inherited, so the creator blocks the signals for the moment of the creation: the new thread is
 * deaf from its first instruction.
 *
 * The C library's default stack is the limit of the process (glibc) or 128 KiB (musl), too small for a library's call.
 */
#include "sys/thread.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/check.h"

static void fill_asynchronous(sigset_t *set)
{
	static const int kept[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF };

	sigfillset(set);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		sigdelset(set, kept[i]);
}

/* A stack of the default size, or of SK_THREAD_STACK_MIN. */
static int create(sk_thread *thread, void *(*fn)(void *))
{
	pthread_attr_t how;
	size_t bytes = 0;
	int error = pthread_attr_init(&how);

	if (error)
		return error;
	pthread_attr_getstacksize(&how, &bytes);
	if (bytes < SK_THREAD_STACK_MIN)
		pthread_attr_setstacksize(&how, SK_THREAD_STACK_MIN);
	error = pthread_create(&thread->handle, &how, fn, thread);
	pthread_attr_destroy(&how);
	return error;
}

static void *run(void *argument)
{
	sk_thread *thread = argument;

#if defined(__linux__)
	pthread_setname_np(pthread_self(), thread->name);
#endif
	thread->fn(thread->arg);
	return NULL;
}

int sk_thread_create(sk_thread *thread, const char *name, void (*fn)(void *), void *arg)
{
	sigset_t blocked;
	sigset_t saved;

	thread->fn = fn;
	thread->arg = arg;
	memset(thread->name, 0, sizeof thread->name);
	memcpy(thread->name, name, strnlen(name, sizeof thread->name - 1));
	fill_asynchronous(&blocked);
	pthread_sigmask(SIG_SETMASK, &blocked, &saved);
	int error = create(thread, run);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return -error;
}

void sk_thread_join(sk_thread *thread)
{
	int error = pthread_join(thread->handle, NULL);

	if (error)
		sk_panic("thread %s cannot be joined: error %d", thread->name, error);
}

void sk_thread_yield(void)
{
	sched_yield();
}

void sk_thread_cancel_never(void)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

uint64_t sk_thread_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}
