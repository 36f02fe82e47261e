/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes that end only when all bytes are there, at the end of the input, or with an error. They go on after
 * signals and after short transfers, and wait where a descriptor was made non-blocking by somebody else.
 *
 * Call from: anywhere. Tasks call them too, so that a slow pipe keeps the worker: errno must not be read after they
 * return, since another thread may have gone on with the task; the error is the result.
 */
#include "pgz.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Whether the transfer that ended with this error is to be tried again; waits for the descriptor if need be. */
static bool again(int error, int fd, short events)
{
	if (error == EINTR)
		return true;
	if (error != EAGAIN)
		return false;
	struct pollfd wait = { .fd = fd, .events = events };
	return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

ssize_t pgz_read(int fd, void *to, size_t bytes)
{
	size_t have = 0;
	while (have < bytes) {
		ssize_t got = read(fd, (char *)to + have, bytes - have);
		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
		else if (!again(errno, fd, POLLIN))
			return -errno;
	}
	return (ssize_t)have;
}

int pgz_write(int fd, const void *from, size_t bytes)
{
	const char *next = from;
	while (bytes > 0) {
		ssize_t put = write(fd, next, bytes);
		if (put > 0) {
			next += put;
			bytes -= (size_t)put;
		} else if (put == 0) {
			return -EIO; /* no progress and no reason */
		} else if (!again(errno, fd, POLLOUT)) {
			return -errno;
		}
	}
	return 0;
}
