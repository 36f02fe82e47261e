/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A started runtime for tests of io.h: scenarios with each way of doing files, for several numbers of workers, and what
 * they send to each other. Bytes carry their place in the stream, so that loss and disorder are seen.
 */
#ifndef SK_TESTS_WIRED_H
#define SK_TESTS_WIRED_H

#include "started.h"

#include "io/uring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

/* Only where the kernel has none or refuses it: another error is one of ours. */
static inline bool has_uring(void)
{
	sk_uring *ring = NULL;
	int error = sk_uring_open(&ring);
	cr_assert(error == 0 || error == -ENOSYS || error == -EPERM || error == -EACCES ||
		          error == -EOPNOTSUPP, /* one that is too old */
	          "%s", skua_strerror(error));
	if (error < 0)
		return false;
	sk_uring_close(ring);
	return true;
}

/* The scenario under each way of doing files that this kernel has, with so many workers. */
static inline void wired(unsigned from, unsigned to, void (*scenario)(void))
{
	static const char *const ways[] = { "epoll", "uring" };
	for (unsigned way = 0; way < (has_uring() ? 2 : 1); way++) {
		setenv("SKUA_IO", ways[way], 1);
		for (unsigned workers = from; workers <= to; workers++) {
			start(workers, false);
			scenario();
			skua_stop();
		}
	}
	unsetenv("SKUA_IO");
}

static inline void *number(intptr_t n)
{
	return (void *)n; /* NOLINT: a number in a pointer */
}

static inline int int_of(void *pointer)
{
	return (int)(intptr_t)pointer;
}

/* Calls fn(arg) in a task. */
static inline void *in_task(void *(*fn)(void *), void *arg)
{
	return skua_await(skua_async(fn, arg));
}

/* Does fn in a task of each kind, and here. */
static inline void everywhere(void *(*fn)(void *), void *arg)
{
	fn(arg);
	in_task(fn, arg);
}

/* Waits until so many tasks of await.h wait for descriptors (or are just about to). */
static inline void await_waiting(unsigned count)
{
	sk_fiber_store *store = sk_entrance.pool->small_fibers;
	for (;;) {
		unsigned waiting = 0;
		for (size_t i = 0; i < sk_fiber_count(store); i++) {
			uint32_t wait = sk_load_relaxed(&sk_fiber_at(store, i)->wait);
			waiting += wait == SK_WAIT_READ || wait == SK_WAIT_WRITE;
		}
		if (waiting >= count)
			return;
		skua_sleep_ns(50000);
	}
}

/* A TCP connection of descriptors that were made here. */
static inline void connected(int *client_end, int *server_end)
{
	int listener = skua_listen("127.0.0.1", 0, 4);
	cr_assert_geq(listener, 0);
	*client_end = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
	cr_assert_geq(*client_end, 0, "%s", skua_strerror(*client_end));
	*server_end = skua_accept(listener);
	cr_assert_geq(*server_end, 0);
	skua_close(listener);
}

static inline char byte_at(size_t seed, size_t place)
{
	return (char)((seed * 31 + place * 7 + place / 251) & 0xff);
}

static inline void fill(char *bytes, size_t count, size_t seed, size_t place)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = byte_at(seed, place + i);
}

static inline void expect_bytes(const char *bytes, size_t count, size_t seed, size_t place)
{
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(bytes[i], byte_at(seed, place + i), "byte %zu of stream %zu", place + i, seed);
}

/* Descriptors open in this process, but for those of the test itself. */
static inline unsigned count_open(void)
{
	unsigned count = 0;
	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

#endif
