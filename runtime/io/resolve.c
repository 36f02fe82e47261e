/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: skua_resolve, and sockets by name: skua_listen, skua_dial of io.h.
 *
 * getaddrinfo blocks for as long as it likes and cannot be stopped. So a look-up is a task of its own that waits for a
 * thread of the offload pool; who asked waits for that task, or gives it up to itself:
 *
 *   owners   2 at first. Whoever is done with the look-up, the task or the asker, takes one off; the last frees it.
 *
 * | edge         | from                                | to                              | carries                         |
 * |--------------|-------------------------------------|---------------------------------|---------------------------------|
 * | name.owners  | release: owners - 1, release        | the last: owners - 1, acquire   | the other's last accesses       |
 */
#include "await/offload.h"
#include "base/atomic.h"
#include "io/call.h"
#include "sched/pool.h"

#include <skua/await.h>
#include <skua/io.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct lookup {
	char *host, *service; /* NULL: none; copies, since the asker may be gone */
	bool has_hints;
	struct addrinfo hints;
	struct addrinfo *list;
	int result;
	SK_ATOMIC(uint32_t) owners;
} lookup;

/* --- looking up --- */

static int error_of(int code)
{
	switch (code) {
	case 0:
		return 0;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_NONAME:
	case EAI_SERVICE:
	case EAI_NODATA:
		return -ENOENT;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_FAMILY:
	case EAI_ADDRFAMILY:
		return -EAFNOSUPPORT;
	case EAI_BADFLAGS:
	case EAI_SOCKTYPE:
		return -EINVAL;
	case EAI_SYSTEM:
		return errno ? -errno : -EIO;
	default:
		return -EIO;
	}
}

/* Not inlined: errno is read in it, and others wait. */
static __attribute__((noinline)) int look_up(const char *host, const char *service, const struct addrinfo *hints,
					     struct addrinfo **list)
{
	int code = getaddrinfo(host, service, hints, list);
	return error_of(code);
}

/* What needs no server. -ENOENT: it may be a name. */
static int look_up_number(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo numeric = hints ? *hints : (struct addrinfo){ 0 };
	numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
	return look_up(host, service, &numeric, list);
}

static void release(lookup *shared)
{
	/* edge name.owners -> : nothing of it is touched any more. edge -> name.owners : by the other either */
	if (sk_sub_acq_rel(&shared->owners, 1) != 1)
		return;
	if (shared->list)
		freeaddrinfo(shared->list);
	free(shared->host);
	free(shared->service);
	free(shared);
}

static void *look_up_here(void *arg)
{
	lookup *shared = arg;
	const struct addrinfo *hints = shared->has_hints ? &shared->hints : NULL;
	shared->result = look_up(shared->host, shared->service, hints, &shared->list);
	return NULL;
}

static void *look_up_task(void *arg)
{
	sk_offload(SK_WAIT_OFFLOAD, look_up_here, arg);
	release(arg);
	return NULL;
}

static bool copy_text(const char *text, char **out)
{
	*out = text ? strdup(text) : NULL;
	return !text || *out;
}

static lookup *new_lookup(const char *host, const char *service, const struct addrinfo *hints)
{
	lookup *shared = calloc(1, sizeof *shared);
	if (!shared)
		return NULL;
	sk_store_relaxed(&shared->owners, 1); /* relaxed: not yet shared */
	if (hints) {
		shared->has_hints = true;
		shared->hints = *hints;
	}
	if (copy_text(host, &shared->host) && copy_text(service, &shared->service))
		return shared;
	release(shared);
	return NULL;
}

/* In a task: another one waits for the thread, this one for that one. */
static int look_up_beside(lookup *shared, struct addrinfo **list, uint64_t deadline_ns)
{
	sk_store_relaxed(&shared->owners, 2); /* relaxed: the start publishes it */
	skua_future *answer = skua_async(look_up_task, shared);
	if (!answer) {
		sk_store_relaxed(&shared->owners, 1); /* relaxed: not shared */
		return -ENOMEM;
	}
	int error = skua_await_until(answer, deadline_ns, NULL);
	if (error < 0) {
		skua_drop(answer);
		return error;
	}
	*list = shared->list;
	shared->list = NULL;
	return shared->result;
}

int skua_resolve_until(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list,
		       uint64_t deadline_ns)
{
	if (sk_io_is_cancelled())
		return -ECANCELED;
	int error = look_up_number(host, service, hints, list);
	if (error != -ENOENT || (hints && (hints->ai_flags & AI_NUMERICHOST) && (hints->ai_flags & AI_NUMERICSERV)))
		return error;
	if (!sk_worker_self())
		return look_up(host, service, hints, list);
	if (sk_io_is_past(deadline_ns))
		return -ETIMEDOUT;
	lookup *shared = new_lookup(host, service, hints);
	if (!shared)
		return -ENOMEM;
	error = look_up_beside(shared, list, deadline_ns);
	release(shared);
	return error;
}

int skua_resolve(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	return skua_resolve_until(host, service, hints, list, SKUA_FOREVER);
}

/* --- sockets by name --- */

/* One address after the other, until an action succeeds. */
typedef int action(int fd, const struct sockaddr *address, socklen_t bytes, const void *arg);

static int open_one(int family, const struct sockaddr *address, socklen_t bytes, action *act, const void *arg)
{
	int fd = skua_socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return fd;
	int error = act(fd, address, bytes, arg);
	if (error == 0)
		return fd;
	skua_close(fd);
	return error;
}

static int open_unix(const char *path, action *act, const void *arg)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	return open_one(AF_UNIX, (struct sockaddr *)(void *)&address, sizeof address, act, arg);
}

/* The addresses of one family, or of all (AF_UNSPEC). */
static int open_among(const struct addrinfo *list, int family, action *act, const void *arg)
{
	int fd = -EAFNOSUPPORT;
	for (; list; list = list->ai_next) {
		if (family != AF_UNSPEC && list->ai_family != family)
			continue;
		fd = open_one(list->ai_family, list->ai_addr, list->ai_addrlen, act, arg);
		if (fd >= 0 || fd == -ECANCELED)
			return fd;
	}
	return fd;
}

static int addresses(const char *host, unsigned port, uint64_t deadline_ns, struct addrinfo **list)
{
	char service[8];
	if (port > UINT16_MAX)
		return -EINVAL;
	snprintf(service, sizeof service, "%u", port);
	struct addrinfo hints = { .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	if (!host)
		hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
	*list = NULL;
	return skua_resolve_until(host, service, &hints, list, deadline_ns);
}

static int listen_at(int fd, const struct sockaddr *address, socklen_t bytes, const void *arg)
{
	const int *backlog = arg, on = 1;
	if (address->sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	int error = (int)sk_io_result(bind(fd, address, bytes));
	return error < 0 ? error : (int)sk_io_result(listen(fd, *backlog));
}

int skua_listen(const char *host, unsigned port, int backlog)
{
	struct addrinfo *list;
	if (host && strchr(host, '/'))
		return open_unix(host, listen_at, &backlog);
	int error = addresses(host, port, SKUA_FOREVER, &list);
	if (error < 0)
		return error;
	/* On all addresses: IPv6's socket takes both kinds. */
	int fd = host ? -EAFNOSUPPORT : open_among(list, AF_INET6, listen_at, &backlog);
	if (fd < 0)
		fd = open_among(list, AF_UNSPEC, listen_at, &backlog);
	freeaddrinfo(list);
	return fd;
}

static int connect_to(int fd, const struct sockaddr *address, socklen_t bytes, const void *arg)
{
	const uint64_t *deadline_ns = arg;
	return skua_connect_until(fd, address, bytes, *deadline_ns);
}

int skua_dial_until(const char *host, unsigned port, uint64_t deadline_ns)
{
	struct addrinfo *list;
	if (host && strchr(host, '/'))
		return open_unix(host, connect_to, &deadline_ns);
	int error = addresses(host, port, deadline_ns, &list);
	if (error < 0)
		return error;
	int fd = open_among(list, AF_UNSPEC, connect_to, &deadline_ns);
	freeaddrinfo(list);
	return fd;
}

int skua_dial(const char *host, unsigned port)
{
	return skua_dial_until(host, port, SKUA_FOREVER);
}

int skua_local_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
	socklen_t bytes = sizeof address;
	int error = (int)sk_io_result(getsockname(fd, &address.any, &bytes));
	if (error < 0)
		return error;
	if (address.any.sa_family == AF_INET)
		return ntohs(address.four.sin_port);
	return address.any.sa_family == AF_INET6 ? ntohs(address.six.sin6_port) : -EAFNOSUPPORT;
}
