/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: echoes over TCP and Unix sockets, many at once, half-closed and reset ones, full tables of descriptors. */
#include "wired.h"

#include "io/reactor.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/un.h>

#define CHUNK 512u

/* --- an echo server --- */

typedef struct echo {
	int listener;
	unsigned port;
	char path[64]; /* a Unix socket's, or empty */
	unsigned clients;
	size_t bytes; /* each sends and gets back */
} echo;

static void *echo_one(void *arg)
{
	char text[CHUNK];
	ptrdiff_t bytes;
	int fd = int_of(arg);
	while ((bytes = skua_read(fd, text, sizeof text)) > 0)
		cr_assert_eq(skua_write_all(fd, text, (size_t)bytes), bytes);
	cr_assert_eq(skua_close(fd), 0);
	return number(bytes);
}

static void *serve(void *arg)
{
	echo *server = arg;
	int peer;
	while ((peer = skua_accept(server->listener)) >= 0)
		skua_drop(skua_async(echo_one, number(peer)));
	return number(peer);
}

typedef struct client {
	echo *server;
	size_t seed;
} client;

static int dial(const echo *server)
{
	return server->path[0] ? skua_dial(server->path, 0) : skua_dial("127.0.0.1", server->port);
}

static void *talk(void *arg)
{
	client *self = arg;
	int fd = dial(self->server);
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	for (size_t done = 0; done < self->server->bytes; done += CHUNK) {
		char out[CHUNK], in[CHUNK];
		fill(out, CHUNK, self->seed, done);
		cr_assert_eq(skua_write_all(fd, out, CHUNK), CHUNK);
		cr_assert_eq(skua_read_all(fd, in, CHUNK), CHUNK);
		expect_bytes(in, CHUNK, self->seed, done);
	}
	cr_assert_eq(skua_close(fd), 0);
	return NULL;
}

static void echo_with(unsigned clients, size_t bytes, bool is_unix)
{
	echo server = { .clients = clients, .bytes = bytes };
	if (is_unix) {
		snprintf(server.path, sizeof server.path, "/tmp/skua-socket-%d", (int)getpid());
		unlink(server.path);
		server.listener = skua_listen(server.path, 0, 1024);
	} else {
		server.listener = skua_listen("127.0.0.1", 0, 1024);
		server.port = (unsigned)skua_local_port(server.listener);
	}
	cr_assert_geq(server.listener, 0, "%s", skua_strerror(server.listener));
	skua_future *serving = skua_async(serve, &server);
	client *client_of = calloc(clients, sizeof *client_of);
	skua_future **talking = calloc(clients, sizeof(skua_future *));
	for (unsigned i = 0; i < clients; i++) {
		client_of[i] = (client){ &server, i };
		talking[i] = skua_async(talk, &client_of[i]);
	}
	for (unsigned i = 0; i < clients; i++)
		skua_await(talking[i]);
	skua_cancel(serving);
	cr_assert_eq(int_of(skua_await(serving)), -ECANCELED);
	cr_assert_eq(skua_close(server.listener), 0);
	if (is_unix)
		unlink(server.path);
	free(client_of);
	free(talking);
}

static void echo_tcp(void)
{
	echo_with(1, 40 * CHUNK, false);
	echo_with(8, 10 * CHUNK, false);
}

static void echo_unix(void)
{
	echo_with(1, 40 * CHUNK, true);
	echo_with(8, 10 * CHUNK, true);
}

static void echo_thousand(void)
{
	echo_with(1000, 2 * CHUNK, false);
}

Test(socket, echoes_over_tcp)
{
	wired(1, 4, echo_tcp);
}

Test(socket, echoes_over_unix_sockets)
{
	wired(1, 4, echo_unix);
}

Test(socket, a_thousand_connections)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2100)
		cr_skip_test("only %d descriptors are allowed", (int)limit.rlim_cur);
	wired(1, 2, echo_thousand);
}

/* A plain thread talks to tasks. */
static void *talk_outside(void *arg)
{
	return talk(arg);
}

static void outside_and_inside(void)
{
	echo server = { .clients = 1, .bytes = 20 * CHUNK };
	server.listener = skua_listen("localhost", 0, 16);
	cr_assert_geq(server.listener, 0, "%s", skua_strerror(server.listener));
	struct sockaddr_storage address;
	socklen_t bytes = sizeof address;
	getsockname(server.listener, (struct sockaddr *)&address, &bytes);
	server.port = (unsigned)skua_local_port(server.listener);
	if (address.ss_family != AF_INET) { /* localhost is IPv6 here */
		skua_close(server.listener);
		server.listener = skua_listen("127.0.0.1", 0, 16);
		server.port = (unsigned)skua_local_port(server.listener);
	}
	skua_future *serving = skua_async(serve, &server);
	pthread_t thread;
	client outside = { &server, 1 }, here = { &server, 2 };
	pthread_create(&thread, NULL, talk_outside, &outside);
	talk(&here);
	pthread_join(thread, NULL);
	skua_cancel(serving);
	skua_await(serving);
	skua_close(server.listener);
}

Test(socket, plain_threads_talk_to_tasks)
{
	wired(1, 2, outside_and_inside);
}

/* --- ends and resets --- */

static void pair(int type, int *a, int *b)
{
	int ends[2];
	cr_assert_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
	*a = ends[0];
	*b = ends[1];
}

static void *half_close(void *arg)
{
	int a, b;
	char text[64];
	connected(&a, &b);
	cr_assert_eq(skua_write_all(a, "question", 8), 8);
	cr_assert_eq(shutdown(a, SHUT_WR), 0);
	cr_assert_eq(skua_read_all(b, text, sizeof text), 8, "all of it, then the end");
	cr_assert_eq(skua_read(b, text, sizeof text), 0, "the end stays");
	cr_assert_eq(skua_write_all(b, "answer", 6), 6, "the other direction is open");
	cr_assert_eq(skua_read_all(a, text, 6), 6);
	skua_close(b);
	cr_assert_eq(skua_read(a, text, sizeof text), 0);
	skua_close(a);
	return arg;
}

static void half_closed(void)
{
	everywhere(half_close, NULL);
}

Test(socket, half_closed_ones_still_carry_the_other_direction)
{
	wired(1, 2, half_closed);
}

static void *read_it(void *fd)
{
	char byte;
	return number(skua_read(int_of(fd), &byte, 1));
}

static void reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
	skua_close(fd);
}

static void *be_reset(void *arg)
{
	int a, b;
	char text[64];
	connected(&a, &b);
	reset(b);
	cr_assert_eq(skua_read(a, text, sizeof text), -ECONNRESET);
	ptrdiff_t written = skua_write(a, text, sizeof text);
	cr_assert_eq(written, -EPIPE, "%d, and no signal", (int)written);
	cr_assert_eq(skua_send(a, text, sizeof text, 0), -EPIPE);
	skua_close(a);
	return arg;
}

static void resets(void)
{
	int a, b;
	everywhere(be_reset, NULL);
	in_task(be_reset, NULL);
	/* One that waits already. */
	connected(&a, &b);
	skua_future *reading = skua_async(read_it, number(a));
	await_waiting(1);
	reset(b);
	cr_assert_eq(int_of(skua_await(reading)), -ECONNRESET);
	skua_close(a);
}

Test(socket, a_reset_peer_is_an_error_and_no_signal)
{
	wired(1, 2, resets);
}

/* --- accepting --- */

static void *accept_one(void *listener)
{
	return number(skua_accept(int_of(listener)));
}

/* With the table of descriptors full, accept says so; then it goes on. */
static void *accept_when_full(void *arg)
{
	struct rlimit before, tight;
	int listener = skua_listen("127.0.0.1", 0, 4);
	unsigned port = (unsigned)skua_local_port(listener);
	int a = skua_dial("127.0.0.1", port), b = skua_dial("127.0.0.1", port);
	cr_assert(listener >= 0 && a >= 0 && b >= 0);
	int lowest = dup(a);
	close(lowest); /* the next number to be given out */
	getrlimit(RLIMIT_NOFILE, &before);
	tight = before;
	tight.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &tight);
	cr_assert_eq(skua_accept(listener), -EMFILE);
	cr_assert_eq(skua_accept(listener), -EMFILE, "the connections stay");
	setrlimit(RLIMIT_NOFILE, &before);
	int c = skua_accept(listener), d = skua_accept(listener);
	cr_assert(c >= 0 && d >= 0);
	cr_assert_eq(skua_accept_until(listener, skua_now_ns() + MS), -ETIMEDOUT, "there were two");
	skua_close(a);
	skua_close(b);
	skua_close(c);
	skua_close(d);
	skua_close(listener);
	return arg;
}

static void full_tables(void)
{
	in_task(accept_when_full, NULL);
	accept_when_full(NULL);
}

Test(socket, accept_without_descriptors_fails_and_goes_on)
{
	wired(1, 2, full_tables);
}

static void several_accept(void)
{
	enum { COUNT = 6 };
	skua_future *taking[COUNT];
	int fd[COUNT], listener = skua_listen("127.0.0.1", 0, 16);
	for (int i = 0; i < COUNT; i++)
		taking[i] = skua_async(accept_one, number(listener));
	await_waiting(COUNT);
	for (int i = 0; i < COUNT; i++)
		fd[i] = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
	for (int i = 0; i < COUNT; i++) {
		int peer = int_of(skua_await(taking[i]));
		cr_assert_geq(peer, 0, "each gets one");
		skua_close(peer);
		skua_close(fd[i]);
	}
	skua_close(listener);
}

Test(socket, several_tasks_accept_from_one_socket)
{
	wired(1, 4, several_accept);
}

/* --- connecting --- */

static void *dial_nobody(void *port)
{
	return number(skua_dial("127.0.0.1", (unsigned)int_of(port)));
}

static void *dial_full(void *path)
{
	uint64_t until = skua_now_ns() + 3 * MS;
	int fd = skua_dial_until(path, 0, until);
	cr_assert(fd != -ETIMEDOUT || skua_now_ns() >= until, "never early");
	return number(fd);
}

static void *dial_nowhere(void *path)
{
	return number(skua_dial(path, 0));
}

static void connects(void)
{
	int listener = skua_listen("127.0.0.1", 0, 1);
	unsigned port = (unsigned)skua_local_port(listener);
	skua_close(listener);
	cr_assert_eq(int_of(in_task(dial_nobody, number((intptr_t)port))), -ECONNREFUSED);
	cr_assert_eq(int_of(dial_nobody(number((intptr_t)port))), -ECONNREFUSED);
	cr_assert_eq(skua_dial("/tmp/skua/no/such/path", 0), -ENOENT);
	/* A Unix socket whose queue is full: waited for until the deadline. */
	char path[64];
	snprintf(path, sizeof path, "/tmp/skua-full-%d", (int)getpid());
	unlink(path);
	listener = skua_listen(path, 0, 0);
	cr_assert_geq(listener, 0);
	int first = skua_dial(path, 0), last = 0, held[8];
	unsigned count = 0;
	while (count < 8 && (last = int_of(in_task(dial_full, path))) >= 0)
		held[count++] = last;
	cr_assert_eq(last, -ETIMEDOUT, "%s", skua_strerror(last));
	skua_future *dialing = skua_async(dial_nowhere, path);
	skua_sleep_ns(3 * MS);
	cr_assert_not(skua_future_done(dialing));
	skua_cancel(dialing);
	cr_assert_eq(int_of(skua_await(dialing)), -ECANCELED);
	while (count > 0)
		skua_close(held[--count]);
	skua_close(first);
	skua_close(listener);
	unlink(path);
}

Test(socket, connecting_where_nobody_listens)
{
	wired(1, 2, connects);
}

/* A blocking socket of the program's own. */
static void *connect_foreign(void *arg)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)int_of(arg));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(skua_connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_not(fcntl(fd, F_GETFL) & O_NONBLOCK, "left as it was");
	char byte = 0;
	uint64_t until = skua_now_ns() + MS;
	cr_assert_eq(skua_recv_until(fd, &byte, 1, 0, until), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), until);
	cr_assert_eq(skua_send(fd, "x", 1, 0), 1);
	cr_assert_eq(skua_read(fd, &byte, 1), 1);
	cr_assert_eq(byte, 'y');
	skua_close(fd);
	return arg;
}

static void *answer(void *listener)
{
	char byte = 0;
	int peer = skua_accept(int_of(listener));
	cr_assert_eq(skua_recv(peer, &byte, 1, 0), 1);
	cr_assert_eq(byte, 'x');
	cr_assert_eq(skua_recv(peer, &byte, 1, MSG_DONTWAIT), -EAGAIN, "who does not want to wait is told");
	cr_assert_eq(skua_send(peer, "y", 1, 0), 1);
	skua_close(peer);
	return NULL;
}

static void foreign_sockets(void)
{
	/* The listener too is a blocking one. */
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t bytes = sizeof address;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(listen(listener, 4), 0);
	getsockname(listener, (struct sockaddr *)&address, &bytes);
	skua_future *answering = skua_async(answer, number(listener));
	in_task(connect_foreign, number(ntohs(address.sin_port)));
	skua_await(answering);
	skua_close(listener);
}

Test(socket, blocking_sockets_of_the_program)
{
	wired(1, 2, foreign_sockets);
}

static void *receive_datagram(void *fd)
{
	char text[16];
	ptrdiff_t bytes = skua_recv(int_of(fd), text, sizeof text, 0);
	return number(bytes == 5 && memcmp(text, "gram!", 5) == 0);
}

/* Only a connection of TCP is told of by events that a short read may wait for. */
static void *make_all_kinds(void *arg)
{
	static const struct {
		int domain, type, protocol;
		enum sk_descriptor_kind kind;
	} all[] = { { AF_INET, SOCK_STREAM, 0, SK_DESCRIPTOR_TCP },
		    { AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP, SK_DESCRIPTOR_TCP },
		    { AF_INET, SOCK_DGRAM, 0, SK_DESCRIPTOR_SOCKET },
		    { AF_UNIX, SOCK_STREAM, 0, SK_DESCRIPTOR_SOCKET } };
	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
		sk_io_watch watch;
		int fd = skua_socket(all[i].domain, all[i].type, all[i].protocol);
		cr_assert_eq(sk_reactor_begin(&watch, fd, SK_IN), 0);
		cr_assert_eq(sk_reactor_kind(&watch), all[i].kind, "socket %u", i);
		skua_close(fd);
	}
	return arg;
}

static void datagrams(void)
{
	in_task(make_all_kinds, NULL);
	int a, b;
	pair(SOCK_DGRAM, &a, &b);
	skua_future *receiving = skua_async(receive_datagram, number(b));
	cr_assert_eq(skua_send(a, "gram!", 5, 0), 5);
	cr_assert(int_of(skua_await(receiving)));
	skua_close(a);
	skua_close(b);
	cr_assert_eq(skua_socket(-1, SOCK_STREAM, 0), -EAFNOSUPPORT);
	cr_assert_eq(skua_send(-1, "x", 1, 0), -EBADF);
	cr_assert_eq(int_of(in_task(accept_one, number(-1))), -EBADF);
	cr_assert_eq(int_of(in_task(accept_one, number(1 << 28))), -EBADF);
	cr_assert_eq(int_of(in_task(accept_one, number(500000))), -EBADF, "one that there may be");
}

Test(socket, datagrams_and_wrong_descriptors)
{
	wired(1, 2, datagrams);
}
