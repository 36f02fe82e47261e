/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for readiness and nothing else: skua_poll of io.h. */
#include "io/call.h"

#include <skua/io.h>

#include <errno.h>
#include <poll.h>

static ptrdiff_t look(sk_io_call *call, void *arg)
{
	const short *events = arg;
	struct pollfd one = { .fd = call->fd, .events = *events };
	ptrdiff_t count = sk_io_result(poll(&one, 1, 0));
	if (count <= 0)
		return count == 0 || count == -EINTR ? -EAGAIN : count;
	return one.revents & POLLNVAL ? -EBADF : one.revents;
}

int skua_poll(int fd, int events, uint64_t deadline_ns)
{
	sk_io_call call;
	short wanted = (short)events;
	if (fd < 0)
		return -EBADF;
	int error = sk_io_begin(&call, fd, sk_reactor_sides(events), deadline_ns);
	return error < 0 ? error : (int)sk_io_repeat(&call, look, &wanted);
}
