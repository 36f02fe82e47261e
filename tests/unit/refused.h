/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are refused: the linker (tests/CMakeLists.txt) sends the library's calls here; each refuses as often as a
 * test asks for and then does what it always does. For one file of each test program.
 */
#ifndef SK_TESTS_REFUSED_H
#define SK_TESTS_REFUSED_H

#include "wired.h"

#include <limits.h>
#include <linux/io_uring.h>
#include <netdb.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum call {
	READ,
	WRITE,
	SEND,
	RECV,
	ACCEPT,
	CONNECT,
	PREAD_CACHED,
	PWRITE_CACHED,
	LOOK_UP,
	PIDFD,
	CLOSE,
	LOOK,
	POLL,
	WAIT,
	WATCH,
	SEE_OFF,
	RING,
	RING_PROBE,
	RING_ENTER,
	RING_FEATURES,
	CALLS
};

/* What a call does instead of an error. */
#define IN_PART 4001   /* a transfer: a half of it */
#define THE_OTHER 4002 /* epoll_ctl: it is known where it is to be added, and not where it is to be changed */
#define NOTHING 4003   /* io_uring_enter: takes no entry */

static SK_ATOMIC(int) error_of[CALLS];
static SK_ATOMIC(int) times_of[CALLS];

static inline void refuse(enum call call, int error, int times)
{
	sk_store_relaxed(&error_of[call], error); /* relaxed: read by the calls of what the test starts afterwards */
	sk_store_release(&times_of[call], times);
}

static inline bool is_refused(enum call call)
{
	int times = sk_load_acquire(&times_of[call]);
	while (times > 0)
		if (sk_cas_relaxed(&times_of[call], &times, times - 1)) { /* relaxed: only counted */
			errno = sk_load_relaxed(&error_of[call]);         /* relaxed: as above */
			return true;
		}
	return false;
}

/* Whether all refusals were met; none are left for the next test. */
static inline void expect_refused(enum call call)
{
	cr_assert_eq(sk_load_relaxed(&times_of[call]), 0, "call %d was not refused", (int)call);
}

/* The same where all calls are refused. */
static inline void expect_some_refused(enum call call)
{
	cr_assert_lt(sk_load_relaxed(&times_of[call]), INT_MAX, "call %d was never made", (int)call);
}

#define REFUSE(result, name, call, parameters, arguments)                                                              \
	result __real_##name parameters;                                                                               \
	result __wrap_##name parameters;                                                                               \
	result __wrap_##name parameters                                                                                \
	{                                                                                                              \
		return is_refused(call) ? (result)-1 : __real_##name arguments;                                        \
	}

/* What the reactor writes to wake its sleeper and reads afterwards is let through. */
static inline bool is_refused_to_program(enum call call, size_t bytes)
{
	return bytes != sizeof(uint64_t) && is_refused(call);
}

ssize_t __real_read(int fd, void *to, size_t bytes);
ssize_t __wrap_read(int fd, void *to, size_t bytes);

ssize_t __wrap_read(int fd, void *to, size_t bytes)
{
	return is_refused_to_program(READ, bytes) ? -1 : __real_read(fd, to, bytes);
}

ssize_t __real_write(int fd, const void *from, size_t bytes);
ssize_t __wrap_write(int fd, const void *from, size_t bytes);

ssize_t __wrap_write(int fd, const void *from, size_t bytes)
{
	return is_refused_to_program(WRITE, bytes) ? -1 : __real_write(fd, from, bytes);
}

REFUSE(ssize_t, send, SEND, (int fd, const void *from, size_t bytes, int flags), (fd, from, bytes, flags))
REFUSE(ssize_t, recv, RECV, (int fd, void *to, size_t bytes, int flags), (fd, to, bytes, flags))
REFUSE(int, accept4, ACCEPT, (int fd, struct sockaddr *address, socklen_t *bytes, int flags),
       (fd, address, bytes, flags))
REFUSE(int, connect, CONNECT, (int fd, const struct sockaddr *address, socklen_t bytes), (fd, address, bytes))

REFUSE(int, poll, LOOK, (struct pollfd * all, nfds_t count, int ms), (all, count, ms))
REFUSE(int, ppoll, POLL, (struct pollfd * all, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
       (all, count, timeout, mask))
REFUSE(int, waitid, SEE_OFF, (idtype_t kind, id_t id, siginfo_t *what, int how), (kind, id, what, how))

int __real_close(int fd);
int __wrap_close(int fd);

/* Whatever it says, it is closed. */
int __wrap_close(int fd)
{
	int result = __real_close(fd);
	return is_refused(CLOSE) ? -1 : result;
}

int __real_epoll_ctl(int epoll, int how, int fd, struct epoll_event *interest);
int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *interest);

int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *interest)
{
	if (!is_refused(WATCH))
		return __real_epoll_ctl(epoll, how, fd, interest);
	if (errno == THE_OTHER)
		errno = how == EPOLL_CTL_ADD ? EEXIST : ENOENT;
	return -1;
}

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);

/* The error is a code of its own kind; numbers are always known. */
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	bool is_number = hints && (hints->ai_flags & AI_NUMERICHOST);
	if (is_number || !is_refused(LOOK_UP))
		return __real_getaddrinfo(host, service, hints, list);
	int code = errno;
	errno = EMFILE;
	return code;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* Which of the refused calls it is; CALLS: none. */
static inline enum call call_of(long number)
{
	switch (number) {
	case SYS_pidfd_open:
		return PIDFD;
	case SYS_epoll_pwait2:
		return WAIT;
	case SYS_io_uring_setup:
		return RING;
	case SYS_io_uring_register:
		return RING_PROBE;
	case SYS_io_uring_enter:
		return RING_ENTER;
	case SYS_preadv2:
		return PREAD_CACHED;
	case SYS_pwritev2:
		return PWRITE_CACHED;
	default:
		return CALLS;
	}
}

long __wrap_syscall(long number, ...)
{
	long given[6];
	va_list arguments;
	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		given[i] = va_arg(arguments, long);
	va_end(arguments);
	enum call call = call_of(number);
	struct iovec part;
	if (call != CALLS && is_refused(call)) {
		if (errno == NOTHING)
			return 0;
		if (errno != IN_PART)
			return -1;
		part = *(const struct iovec *)given[1]; /* NOLINT: it was a pointer */
		part.iov_len /= 2;
		given[1] = (long)&part;
		given[5] = 0; /* at hand or not */
	}
	long result = __real_syscall(number, given[0], given[1], given[2], given[3], given[4], given[5]);
	if (call == RING && result >= 0 && is_refused(RING_FEATURES))
		((struct io_uring_params *)given[1])->features = 0; /* NOLINT: as above */
	return result;
}

#endif
