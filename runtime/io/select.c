/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors in a select: SKUA_ON_FD of io.h, a kind of case for await/select.h. Each look is a poll(2) that does not
 * block, after the reactor's own look (io/reactor.h), so that an event in between is not lost; the case's node and
 * ticket are the reactor's watch, which lies in the case.
 *
 * Call from: tasks. A plain thread's select is made by a task (await/select.c), since a watch needs the pool to live.
 */
#include "await/select.h"
#include "io/reactor.h"

#include <skua/io.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>

_Static_assert(sizeof(sk_io_watch) <= sizeof(((skua_case *)NULL)->sk_opaque), "a case has room for its watch");

static inline sk_io_watch *watch_of(skua_case *one)
{
	return (sk_io_watch *)(void *)one->sk_opaque;
}

/* A result is not waited for: an error is one, too. */
static bool finish(skua_case *one, int result)
{
	one->result = result;
	return true;
}

static bool attempt(skua_case *one)
{
	sk_io_watch *watch = watch_of(one);
	if (one->fd < 0)
		return finish(one, -EBADF);
	int error = sk_reactor_begin(watch, one->fd, sk_reactor_sides(one->events));
	if (error < 0)
		return finish(one, error);
	sk_reactor_look(watch);
	struct pollfd look = { .fd = one->fd, .events = (short)one->events };
	if (poll(&look, 1, 0) > 0)
		return finish(one, look.revents & POLLNVAL ? -EBADF : look.revents);
	error = sk_reactor_arm(watch);
	return error < 0 ? finish(one, error) : false;
}

static bool enlist(skua_case *one, sk_ticket ticket, uint32_t cause)
{
	return sk_reactor_enlist(watch_of(one), ticket, cause);
}

static void delist(skua_case *one, sk_ticket ticket, bool happened)
{
	(void)ticket;
	sk_reactor_delist(watch_of(one));
	if (!happened)
		return;
	struct pollfd look = { .fd = one->fd, .events = (short)one->events };
	bool is_closed = sk_reactor_is_closed(watch_of(one));
	bool is_there = poll(&look, 1, 0) > 0; /* it may be gone again, or have been something else: 0 */
	one->result = is_closed || (is_there && look.revents & POLLNVAL) ? -EBADF : is_there ? look.revents : 0;
}

static void provide(void)
{
	static const sk_case_kind kind = { attempt, enlist, delist };
	sk_select_provide(SKUA_CASE_FD, &kind);
}

skua_case skua_case_fd(int fd, int events)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, provide);
	skua_case one = skua_case_make(SKUA_CASE_FD, NULL, NULL);
	one.fd = fd;
	one.events = events;
	return one;
}
