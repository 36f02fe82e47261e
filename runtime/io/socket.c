/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: see io.h. */
#include "io/call.h"

#include "await/offload.h"

#include <skua/await.h>
#include <skua/io.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long to wait for room in the queue of a Unix socket, which no event tells: doubling, up to 64 times this. */
#define ROOM_NS UINT64_C(50000)
#define ROOM_STEPS 6u

static bool is_tcp(int domain, int type, int protocol)
{
	return (domain == AF_INET || domain == AF_INET6) && (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM &&
	       (protocol == 0 || protocol == IPPROTO_TCP);
}

int skua_socket(int domain, int type, int protocol)
{
	int fd = (int)sk_io_result(socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
	if (fd >= 0)
		sk_reactor_adopt(fd, is_tcp(domain, type, protocol) ? SK_DESCRIPTOR_TCP : SK_DESCRIPTOR_SOCKET);
	return fd;
}

/* --- connecting --- */

typedef struct target {
	int fd;
	const struct sockaddr *address;
	socklen_t address_bytes;
	bool is_begun;
	bool is_full; /* a Unix socket whose queue has no room */
	int result;
} target;

/* The system's call, again and again: it says how far the connection has come. */
static ptrdiff_t try_connect(sk_io_call *call, void *arg)
{
	target *to = arg;
	int result = (int)sk_io_result(connect(call->fd, to->address, to->address_bytes));
	bool was_begun = to->is_begun;
	to->is_begun = true;
	to->is_full = result == -EAGAIN && to->address->sa_family == AF_UNIX;
	if (result == -EAGAIN)
		return to->is_full ? -EBUSY : -ENOBUFS; /* the latter: no route's memory, no local port */
	if (result == -EINPROGRESS || result == -EALREADY || result == -EINTR)
		return -EAGAIN;
	return result == -EISCONN && was_begun ? 0 : result;
}

static void *connect_here(void *arg)
{
	target *to = arg;
	to->result = (int)sk_io_result(connect(to->fd, to->address, to->address_bytes));
	return NULL;
}

static bool would_block(sk_io_call *call)
{
	int flags = sk_io_manner(call) == SK_IO_NOWAIT ? fcntl(call->fd, F_GETFL) : -1;
	return flags >= 0 && !(flags & O_NONBLOCK);
}

int skua_connect_until(int fd, const struct sockaddr *address, unsigned address_bytes, uint64_t deadline_ns)
{
	target to = { .fd = fd, .address = address, .address_bytes = address_bytes };
	sk_io_call call;
	int error = sk_io_begin(&call, fd, SK_OUT, deadline_ns);
	if (error < 0)
		return error;
	if (would_block(&call)) {
		sk_offload(SK_WAIT_WRITE, connect_here, &to);
		return to.result;
	}
	for (unsigned step = 0;; step += step < ROOM_STEPS) {
		int result = (int)sk_io_repeat(&call, try_connect, &to);
		if (result != -EBUSY || !to.is_full)
			return result;
		if (sk_io_is_past(deadline_ns))
			return -ETIMEDOUT;
		if (skua_sleep_ns(ROOM_NS << step) == -ECANCELED)
			return -ECANCELED;
	}
}

int skua_connect(int fd, const struct sockaddr *address, unsigned address_bytes)
{
	return skua_connect_until(fd, address, address_bytes, SKUA_FOREVER);
}

/* --- accepting --- */

/* Errors of a connection that has failed before it was taken: the next one may be better (accept(2)). */
static bool is_of_the_peer(int error)
{
	switch (-error) {
	case ECONNABORTED:
	case EINTR:
	case EPROTO:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
		return true;
	default:
		return false;
	}
}

static ptrdiff_t try_accept(sk_io_call *call, void *arg)
{
	(void)arg;
	int result = sk_io_manner(call) == SK_IO_PLAIN ? 0 : sk_io_ready(call->fd, SK_IN);
	if (result < 0)
		return result;
	do {
		result = (int)sk_io_result(accept4(call->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	} while (is_of_the_peer(result));
	return result;
}

/* The connection itself is asked: who listens may have been made elsewhere, or before there was a reactor. */
static bool is_tcp_connection(int peer)
{
	int protocol = 0;
	socklen_t bytes = sizeof protocol;
	return getsockopt(peer, SOL_SOCKET, SO_PROTOCOL, &protocol, &bytes) == 0 && protocol == IPPROTO_TCP;
}

int skua_accept_until(int fd, uint64_t deadline_ns)
{
	sk_io_call call;
	int error = sk_io_begin(&call, fd, SK_IN, deadline_ns);
	if (error < 0)
		return error;
	int peer = (int)sk_io_repeat(&call, try_accept, NULL);
	if (peer >= 0)
		sk_reactor_adopt(peer, is_tcp_connection(peer) ? SK_DESCRIPTOR_TCP : SK_DESCRIPTOR_SOCKET);
	return peer;
}

int skua_accept(int fd)
{
	return skua_accept_until(fd, SKUA_FOREVER);
}

/* --- transfers --- */

typedef struct message {
	void *in;
	const void *out;
	size_t bytes;
	int flags;
} message;

/* With MSG_DONTWAIT the program wants to be told that it would have to wait. */
static ptrdiff_t transfer(sk_io_call *call, ptrdiff_t (*attempt)(sk_io_call *call, void *arg), message *what)
{
	return what->flags & MSG_DONTWAIT ? attempt(call, what) : sk_io_repeat(call, attempt, what);
}

static int flags_of(sk_io_call *call, const message *what)
{
	return what->flags | (sk_io_manner(call) == SK_IO_PLAIN ? 0 : MSG_DONTWAIT);
}

static ptrdiff_t try_recv(sk_io_call *call, void *arg)
{
	const message *what = arg;
	ptrdiff_t result;
	do {
		result = sk_io_result(recv(call->fd, what->in, what->bytes, flags_of(call, what)));
	} while (result == -EINTR);
	if (what->flags == 0)
		sk_io_took(call, result, what->bytes);
	return result;
}

ptrdiff_t skua_recv_until(int fd, void *buffer, size_t bytes, int flags, uint64_t deadline_ns)
{
	message what = { .in = buffer, .bytes = bytes, .flags = flags };
	sk_io_call call;
	int error = sk_io_begin(&call, fd, SK_IN, deadline_ns);
	return error < 0 ? error : transfer(&call, try_recv, &what);
}

ptrdiff_t skua_recv(int fd, void *buffer, size_t bytes, int flags)
{
	return skua_recv_until(fd, buffer, bytes, flags, SKUA_FOREVER);
}

static ptrdiff_t try_send(sk_io_call *call, void *arg)
{
	const message *what = arg;
	return sk_io_send(call->fd, what->out, what->bytes, flags_of(call, what));
}

ptrdiff_t skua_send_until(int fd, const void *buffer, size_t bytes, int flags, uint64_t deadline_ns)
{
	ptrdiff_t result = sk_io_send_at_once(fd, buffer, bytes, flags);
	if (result != -EAGAIN)
		return result;
	message what = { .out = buffer, .bytes = bytes, .flags = flags };
	sk_io_call call;
	int error = sk_io_begin(&call, fd, SK_OUT, deadline_ns);
	return error < 0 ? error : transfer(&call, try_send, &what);
}

ptrdiff_t skua_send(int fd, const void *buffer, size_t bytes, int flags)
{
	return skua_send_until(fd, buffer, bytes, flags, SKUA_FOREVER);
}
