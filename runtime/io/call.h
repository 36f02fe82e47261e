/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of io.h on a descriptor: try the system call; if that would block, wait until the descriptor is ready, and
 * try again. In a task the reactor wakes it; a plain thread waits in poll(2).
 *
 *     sk_io_call call;
 *     int error = sk_io_begin(&call, fd, SK_IN, deadline_ns);
 *     return error < 0 ? error : sk_io_repeat(&call, attempt, &arguments);
 *
 * An attempt must not block. How it avoids that depends on what is known (sk_io_manner):
 *
 *   PLAIN     the system call as it is: the descriptor has O_NONBLOCK, or a plain thread may block for ever
 *   NOWAIT    a foreign descriptor in a task: a flag of the call (MSG_DONTWAIT, RWF_NOWAIT) where the kernel knows one
 *   READY     else poll(2) first: if it is ready the call does not block, unless another is faster
 *
 * Who may call: anybody. errno is read in one function of its own: after a wait the thread may be another one, and
 * compilers keep its address.
 */
#ifndef SK_IO_CALL_H
#define SK_IO_CALL_H

#include "io/reactor.h"

typedef struct sk_io_call {
	/* set once */
	int fd;
	unsigned sides; /* mask */
	uint64_t deadline_ns;
	bool in_task;
	/* in a task */
	sk_io_watch watch;
} sk_io_call;

enum sk_io_manner { SK_IO_PLAIN, SK_IO_NOWAIT, SK_IO_READY };

/* What an attempt says about a regular file, for which there is no readiness: it goes another way. */
#define SK_IO_IS_FILE ((ptrdiff_t)-4097)

/* Returns: 0; -EBADF; -ECANCELED the task is cancelled; -ENOMEM and other errors of the reactor's opening. */
int sk_io_begin(sk_io_call *call, int fd, unsigned sides, uint64_t deadline_ns);

static inline enum sk_io_manner sk_io_manner(sk_io_call *call)
{
	if (!call->in_task)
		return call->deadline_ns == SK_TIMERS_NEVER ? SK_IO_PLAIN : SK_IO_READY;
	return sk_reactor_kind(&call->watch) == SK_DESCRIPTOR_FOREIGN ? SK_IO_NOWAIT : SK_IO_PLAIN;
}

/* Tries until the attempt says something else than -EAGAIN; waits in between. Returns what it says, or sk_io_wait. */
ptrdiff_t sk_io_repeat(sk_io_call *call, ptrdiff_t (*attempt)(sk_io_call *call, void *arg), void *arg);

/* A read that could have brought so many bytes has this result: the next one need perhaps not be tried. */
static inline void sk_io_took(sk_io_call *call, ptrdiff_t result, size_t bytes)
{
	if (call->in_task && result > 0 && (size_t)result < bytes)
		sk_reactor_drained(&call->watch);
}

/*
 * Waits until the descriptor may be ready. Before it sk_reactor_look, in a task.
 * Returns: 0; -ETIMEDOUT; -ECANCELED; -EBADF it was closed; SK_IO_IS_FILE; -ENOMEM, -ENOSPC the kernel cannot watch it.
 */
ptrdiff_t sk_io_wait(sk_io_call *call);

/* Is it ready for the sides, by poll(2)? 0; -EAGAIN; -EBADF. */
int sk_io_ready(int fd, unsigned sides);

/* send(2) without SIGPIPE, again after a signal. Returns: as send, or -errno; -ENOTSOCK: it is no socket. */
ptrdiff_t sk_io_send(int fd, const void *buffer, size_t bytes, int flags);

/*
 * A socket that was made here mostly takes at once what a task sends; nothing else of a call is needed then.
 * Returns: as skua_send; -EAGAIN: it takes nothing now, or it is another descriptor, or the caller is no task or a
 * cancelled one.
 */
ptrdiff_t sk_io_send_at_once(int fd, const void *buffer, size_t bytes, int flags);

/* The result of a system call: itself, or -errno. */
ptrdiff_t sk_io_result(ptrdiff_t result);

/* Is a task cancelled that calls? */
bool sk_io_is_cancelled(void);

/* Is it a deadline that is past? */
bool sk_io_is_past_slow(uint64_t deadline_ns);
static inline bool sk_io_is_past(uint64_t deadline_ns)
{
	return deadline_ns != SK_TIMERS_NEVER && sk_io_is_past_slow(deadline_ns);
}

#endif
