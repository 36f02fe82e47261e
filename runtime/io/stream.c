/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing anything that is open: skua_read, skua_write of io.h. What turns out to be a file goes on in
 * file.c.
 *
 * Nothing here may block a worker. A descriptor that was made here has O_NONBLOCK; for others there are flags of the
 * calls that say the same, and where the kernel has none for a kind of descriptor, poll(2) comes first and a write is
 * no longer than what a pipe that is ready certainly takes.
 *
 * SIGPIPE: sockets have a flag against it. For the rest the signal is blocked meanwhile, and taken back if it came; not
 * so on the workers' own threads, which block it always.
 */
#include "base/hot.h"
#include "io/call.h"
#include "io/file.h"
#include "sched/pool.h"

#include <skua/await.h>
#include <skua/io.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One call's buffer; only the one of its direction is set. */
typedef struct span {
	char *in;
	const char *out;
	size_t bytes;
} span;

/* --- SIGPIPE --- */

typedef struct hush {
	bool is_needed, was_pending;
	sigset_t saved;
} hush;

static void fill_sigpipe(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGPIPE);
}

static void hush_begin(hush *how)
{
	const sk_worker *worker = sk_worker_self();
	how->is_needed = !worker || worker->seat_root; /* the thread is not the worker's own */
	if (!how->is_needed)
		return;
	sigset_t set;
	sigpending(&set);
	how->was_pending = sigismember(&set, SIGPIPE) == 1;
	fill_sigpipe(&set);
	pthread_sigmask(SIG_BLOCK, &set, &how->saved);
}

static void hush_end(const hush *how, bool is_broken)
{
	static const struct timespec no_time;
	if (!how->is_needed)
		return;
	sigset_t set;
	fill_sigpipe(&set);
	if (is_broken && !how->was_pending)
		(void)sigtimedwait(&set, NULL, &no_time);
	pthread_sigmask(SIG_SETMASK, &how->saved, NULL);
}

static ptrdiff_t write_hushed(int fd, const span *what, bool nowait)
{
	hush how;
	hush_begin(&how);
	ptrdiff_t result;
	do {
		result = nowait ? sk_file_write_cached(fd, what->out, what->bytes, -1)
				: sk_io_result(write(fd, what->out, what->bytes));
	} while (result == -EINTR);
	hush_end(&how, result == -EPIPE);
	return result;
}

/* --- reading --- */

/* From a connection by recv, for which the kernel has less to do; but not nothing, which recv would wait for. */
static ptrdiff_t read_plainly(int fd, const span *what, bool is_connection)
{
	bool by_recv = is_connection && what->bytes > 0;
	ptrdiff_t result;
	do {
		result = sk_io_result(by_recv ? recv(fd, what->in, what->bytes, 0) : read(fd, what->in, what->bytes));
	} while (result == -EINTR);
	return result;
}

static ptrdiff_t read_when_ready(sk_io_call *call, const span *what)
{
	if (call->in_task && sk_file_is(call->fd))
		return SK_IO_IS_FILE;
	int error = sk_io_ready(call->fd, SK_IN);
	return error < 0 ? error : read_plainly(call->fd, what, false);
}

static ptrdiff_t try_read(sk_io_call *call, void *arg)
{
	const span *what = arg;
	bool is_connection = call->in_task && sk_reactor_kind(&call->watch) == SK_DESCRIPTOR_TCP;
	ptrdiff_t result;
	switch (sk_io_manner(call)) {
	case SK_IO_PLAIN:
		result = read_plainly(call->fd, what, is_connection);
		sk_io_took(call, result, what->bytes);
		return result;
	case SK_IO_READY:
		return read_when_ready(call, what);
	case SK_IO_NOWAIT:
		break;
	}
	result = sk_file_read_cached(call->fd, what->in, what->bytes, -1);
	return result == -EOPNOTSUPP ? read_when_ready(call, what) : result;
}

static bool is_file(sk_io_call *call)
{
	return call->in_task && sk_reactor_kind(&call->watch) == SK_DESCRIPTOR_FILE;
}

/* Was it a file, and in the cache only a part of it? */
static bool is_file_part(sk_io_call *call, const span *what, ptrdiff_t result)
{
	return result > 0 && (size_t)result < what->bytes && sk_io_manner(call) == SK_IO_NOWAIT && sk_file_is(call->fd);
}

/* The rest of a call on a file, of which so much is done, or SK_IO_IS_FILE: nothing was tried. */
static SK_ASIDE ptrdiff_t finish_reading(const sk_io_call *call, const span *what, ptrdiff_t done)
{
	sk_file_op op = { .kind = SK_FILE_READ, .fd = call->fd, .in = what->in, .bytes = what->bytes, .offset = -1 };
	return done == SK_IO_IS_FILE ? sk_file_run(&op, call->deadline_ns)
				     : sk_file_finish(&op, done, call->deadline_ns);
}

ptrdiff_t skua_read_until(int fd, void *buffer, size_t bytes, uint64_t deadline_ns)
{
	span what = { .in = buffer, .bytes = bytes };
	sk_io_call call;
	int error = sk_io_begin(&call, fd, SK_IN, deadline_ns);
	if (error < 0)
		return error;
	if (is_file(&call))
		return finish_reading(&call, &what, sk_file_read_cached(fd, buffer, bytes, -1));
	ptrdiff_t result = sk_io_repeat(&call, try_read, &what);
	if (result == SK_IO_IS_FILE || is_file_part(&call, &what, result))
		return finish_reading(&call, &what, result);
	return result;
}

ptrdiff_t skua_read(int fd, void *buffer, size_t bytes)
{
	return skua_read_until(fd, buffer, bytes, SKUA_FOREVER);
}

/* --- writing --- */

static ptrdiff_t write_when_ready(sk_io_call *call, const span *what)
{
	span part = *what;
	int flags = fcntl(call->fd, F_GETFL);
	bool is_file = sk_file_is(call->fd);
	if (call->in_task && is_file)
		return SK_IO_IS_FILE;
	int error = sk_io_ready(call->fd, SK_OUT);
	if (error < 0)
		return error;
	if (!is_file && flags >= 0 && !(flags & O_NONBLOCK) && part.bytes > PIPE_BUF)
		part.bytes = PIPE_BUF;
	return write_hushed(call->fd, &part, false);
}

static ptrdiff_t try_write(sk_io_call *call, void *arg)
{
	const span *what = arg;
	enum sk_io_manner manner = sk_io_manner(call);
	bool is_stream = call->in_task && sk_reactor_kind(&call->watch) == SK_DESCRIPTOR_STREAM;
	int flags = manner == SK_IO_PLAIN ? 0 : MSG_DONTWAIT;
	ptrdiff_t result = is_stream ? -ENOTSOCK : sk_io_send(call->fd, what->out, what->bytes, flags);
	if (result != -ENOTSOCK)
		return result;
	if (manner == SK_IO_PLAIN)
		return write_hushed(call->fd, what, false);
	if (manner == SK_IO_READY)
		return write_when_ready(call, what);
	result = write_hushed(call->fd, what, true);
	return result == -EOPNOTSUPP ? write_when_ready(call, what) : result;
}

static SK_ASIDE ptrdiff_t finish_writing(const sk_io_call *call, const span *what, ptrdiff_t done)
{
	sk_file_op op = { .kind = SK_FILE_WRITE, .fd = call->fd, .out = what->out, .bytes = what->bytes, .offset = -1 };
	return done == SK_IO_IS_FILE ? sk_file_run(&op, call->deadline_ns)
				     : sk_file_finish(&op, done, call->deadline_ns);
}

static SK_ASIDE ptrdiff_t write_anything(int fd, const void *buffer, size_t bytes, uint64_t deadline_ns)
{
	span what = { .out = buffer, .bytes = bytes };
	sk_io_call call;
	int error = sk_io_begin(&call, fd, SK_OUT, deadline_ns);
	if (error < 0)
		return error;
	if (is_file(&call))
		return finish_writing(&call, &what, sk_file_write_cached(fd, buffer, bytes, -1));
	ptrdiff_t result = sk_io_repeat(&call, try_write, &what);
	if (result == SK_IO_IS_FILE || is_file_part(&call, &what, result))
		return finish_writing(&call, &what, result);
	return result;
}

ptrdiff_t skua_write_until(int fd, const void *buffer, size_t bytes, uint64_t deadline_ns)
{
	ptrdiff_t result = sk_io_send_at_once(fd, buffer, bytes, 0);
	return result != -EAGAIN ? result : write_anything(fd, buffer, bytes, deadline_ns);
}

ptrdiff_t skua_write(int fd, const void *buffer, size_t bytes)
{
	return skua_write_until(fd, buffer, bytes, SKUA_FOREVER);
}

/* --- all of it --- */

ptrdiff_t skua_read_all_until(int fd, void *buffer, size_t bytes, uint64_t deadline_ns)
{
	size_t done = 0;
	while (done < bytes) {
		ptrdiff_t result = skua_read_until(fd, (char *)buffer + done, bytes - done, deadline_ns);
		if (result < 0)
			return result;
		if (result == 0)
			break;
		done += (size_t)result;
	}
	return (ptrdiff_t)done;
}

ptrdiff_t skua_read_all(int fd, void *buffer, size_t bytes)
{
	return skua_read_all_until(fd, buffer, bytes, SKUA_FOREVER);
}

ptrdiff_t skua_write_all_until(int fd, const void *buffer, size_t bytes, uint64_t deadline_ns)
{
	size_t done = 0;
	while (done < bytes) {
		ptrdiff_t result = skua_write_until(fd, (const char *)buffer + done, bytes - done, deadline_ns);
		if (result < 0)
			return result;
		done += (size_t)result;
	}
	return (ptrdiff_t)done;
}

ptrdiff_t skua_write_all(int fd, const void *buffer, size_t bytes)
{
	return skua_write_all_until(fd, buffer, bytes, SKUA_FOREVER);
}
