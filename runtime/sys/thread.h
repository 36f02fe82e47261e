/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the operating system, as the runtime wants them: named, and deaf to asynchronous signals, which so reach
 * the program's own threads. Signals that a thread causes itself (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS,
 * SIGABRT) and a profiler's SIGPROF come through.
 *
 * Owner: the sk_thread belongs to the caller and stays where it is until sk_thread_join: the new thread reads it.
 */
#ifndef SK_SYS_THREAD_H
#define SK_SYS_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sk_thread {
	/* set once */
	pthread_t handle;
	void (*fn)(void *arg);
	void *arg;
	char name[16]; /* the kernel's limit, the end included */
} sk_thread;

/* The least stack that a thread has, for what is called on it: blocking calls of the program and of its libraries. */
#define SK_THREAD_STACK_MIN ((size_t)2 << 20)

/*
 * Starts a thread that runs fn(arg). A name longer than 15 bytes is cut; it is for debuggers only.
 * Orders: what the caller wrote before is visible to fn.
 * Returns: 0, or a negative errno (-EAGAIN: too many threads, or no memory).
 */
int sk_thread_create(sk_thread *thread, const char *name, void (*fn)(void *), void *arg);

/* Waits until fn has returned; what it wrote is visible afterwards. Blocks: the thread. Once for each create. */
void sk_thread_join(sk_thread *thread);

/* Lets another thread have the core. */
void sk_thread_yield(void);

/*
 * The calling thread is never to be cancelled by pthread_cancel. glibc then spares two atomic operations around each
 * system call that is a cancellation point: it makes them to switch to asynchronous cancellation, which it already has;
 * that nothing is cancelled is said by the state.
 */
void sk_thread_cancel_never(void);

/* The processor time of the calling thread. */
uint64_t sk_thread_cpu_ns(void);

#endif
