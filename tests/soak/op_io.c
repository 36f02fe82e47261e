/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes through pipes, sockets and files: what is read is what was written, and all of it. */
#include "soak.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_MAX 4096u

static unsigned char byte_at(uint64_t row, uint64_t offset)
{
	return (unsigned char)(soak_mix(row, offset / 8) >> offset % 8 * 8);
}

static void fill(unsigned char *bytes, size_t count, uint64_t row, uint64_t offset)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = byte_at(row, offset + i);
}

static void check(const unsigned char *bytes, size_t count, uint64_t row, uint64_t offset)
{
	for (size_t i = 0; i < count; i++)
		SOAK_REQUIRE(bytes[i] == byte_at(row, offset + i), "byte %" PRIu64 " is another one", offset + i);
}

/* --- streams: one writes, one reads, in pieces of any size --- */

typedef struct stream {
	int from, to;
	bool is_socket;
	uint64_t row, bytes;
} stream;

static void ready(soak_op *own, int fd, int events)
{
	int error;
	do {
		uint64_t at_ns = soak_chance(own, 2) ? soak_soon(own) : SKUA_FOREVER;
		if (soak_chance(own, 2)) {
			error = skua_poll(fd, events, at_ns);
		} else {
			skua_case cases[] = { SKUA_ON_FD(fd, events) };
			error = skua_select(cases, 1, at_ns);
			if (error == 0)
				error = cases[0].result;
		}
	} while (error == -ETIMEDOUT);
	SOAK_REQUIRE(error > 0 && error & (events | POLLHUP), "ready: %d", error);
}

static ptrdiff_t write_some(soak_op *own, const stream *s, const unsigned char *bytes, size_t count)
{
	ptrdiff_t done;
	switch (soak_draw(own, 5)) {
	case 0:
		return skua_write_all(s->to, bytes, count);
	case 1:
		do
			done = skua_write_until(s->to, bytes, count, soak_soon(own));
		while (done == -ETIMEDOUT);
		return done;
	case 2:
		if (s->is_socket)
			return skua_send(s->to, bytes, count, 0);
		ready(own, s->to, POLLOUT);
		return skua_write(s->to, bytes, count);
	default:
		return skua_write(s->to, bytes, count);
	}
}

static ptrdiff_t read_some(soak_op *own, const stream *s, unsigned char *bytes, size_t count)
{
	ptrdiff_t done;
	switch (soak_draw(own, 5)) {
	case 0:
		return skua_read_all(s->from, bytes, count);
	case 1:
		do
			done = skua_read_until(s->from, bytes, count, soak_soon(own));
		while (done == -ETIMEDOUT);
		return done;
	case 2:
		if (s->is_socket)
			return skua_recv(s->from, bytes, count, 0);
		ready(own, s->from, POLLIN);
		return skua_read(s->from, bytes, count);
	default:
		return skua_read(s->from, bytes, count);
	}
}

static void write_stream(soak_op *own, const stream *s)
{
	unsigned char *bytes = soak_memory(CHUNK_MAX);
	for (uint64_t at = 0; at < s->bytes;) {
		size_t count = 1 + soak_draw(own, soak_chance(own, 2) ? CHUNK_MAX : 16);
		if (count > s->bytes - at)
			count = s->bytes - at;
		fill(bytes, count, s->row, at);
		ptrdiff_t done = write_some(own, s, bytes, count);
		SOAK_REQUIRE(done > 0 && (size_t)done <= count, "write gave %td of %zu", done, count);
		at += (uint64_t)done;
		if (soak_chance(own, 8))
			soak_moment(own);
	}
	free(bytes);
}

static void read_stream(soak_op *own, const stream *s)
{
	unsigned char *bytes = soak_memory(CHUNK_MAX);
	uint64_t at = 0;
	for (;;) {
		size_t count = 1 + soak_draw(own, soak_chance(own, 2) ? CHUNK_MAX : 16);
		ptrdiff_t done = read_some(own, s, bytes, count);
		SOAK_REQUIRE(done >= 0 && (size_t)done <= count, "read gave %td of %zu", done, count);
		if (done == 0)
			break;
		check(bytes, (size_t)done, s->row, at);
		at += (uint64_t)done;
		if (soak_chance(own, 8))
			soak_moment(own);
	}
	SOAK_REQUIRE(at == s->bytes, "%" PRIu64 " of %" PRIu64 " bytes came", at, s->bytes);
	free(bytes);
}

static void reads_or_writes(soak_op *own, void *arg, unsigned index)
{
	stream *s = arg;
	if (index % 2) {
		read_stream(own, &s[index / 2]);
		skua_close(s[index / 2].from);
	} else {
		write_stream(own, &s[index / 2]);
		skua_close(s[index / 2].to);
	}
}

static void open_stream(soak_op *op, stream *s)
{
	int fd[2], flags = soak_chance(op, 2) ? O_NONBLOCK : 0;
	*s = (stream){ .is_socket = soak_chance(op, 2), .row = soak_step(&op->row) };
	s->bytes = soak_draw(op, (uint64_t)op->size * (soak_chance(op, 8) ? 64 : 4));
	int error = s->is_socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (flags ? SOCK_NONBLOCK : 0), 0, fd)
	                         : pipe2(fd, flags | O_CLOEXEC);
	SOAK_REQUIRE(error == 0, "no stream: %s", skua_strerror(errno));
	s->from = fd[0];
	s->to = fd[1];
}

void soak_op_stream(soak_op *op)
{
	stream s[3];
	unsigned count = 1 + (unsigned)soak_draw(op, 3);
	for (unsigned i = 0; i < count; i++)
		open_stream(op, &s[i]);
	soak_team(op, SOAK_ANY, 2 * count, reads_or_writes, s);
}

/* --- a server that gives back what it gets, and its clients --- */

typedef struct server {
	int listener;
	unsigned port, clients;
	uint64_t row, bytes;
} server;

static void *echo(void *arg)
{
	int peer = (int)(intptr_t)arg;
	unsigned char bytes[512];
	ptrdiff_t got;
	while ((got = skua_read(peer, bytes, sizeof bytes)) > 0)
		SOAK_REQUIRE(skua_write_all(peer, bytes, (size_t)got) == got, "the client reads");
	SOAK_REQUIRE(got == 0, "the server's read gave %td", got);
	skua_close(peer);
	return NULL;
}

static void serve(soak_op *own, const server *s)
{
	skua_future *task[SOAK_TEAM_MAX];
	for (unsigned i = 0; i < s->clients; i++) {
		int peer;
		do
			peer = soak_chance(own, 3) ? skua_accept_until(s->listener, soak_soon(own))
			                           : skua_accept(s->listener);
		while (peer == -ETIMEDOUT);
		SOAK_REQUIRE(peer >= 0, "accept: %s", skua_strerror(peer));
		task[i] = skua_async(echo, (void *)(intptr_t)peer);
		SOAK_REQUIRE(task[i], "no memory for a task");
	}
	for (unsigned i = 0; i < s->clients; i++)
		skua_await(task[i]);
}

static void ask(soak_op *own, const server *s, unsigned index)
{
	unsigned char bytes[256];
	int fd = skua_dial("127.0.0.1", s->port);
	SOAK_REQUIRE(fd >= 0, "dial: %s", skua_strerror(fd));
	for (uint64_t at = 0; at < s->bytes;) {
		size_t count = 1 + soak_draw(own, sizeof bytes);
		fill(bytes, count, s->row + index, at);
		SOAK_REQUIRE(skua_write_all(fd, bytes, count) == (ptrdiff_t)count, "the server reads");
		memset(bytes, 0, sizeof bytes);
		SOAK_REQUIRE(skua_read_all(fd, bytes, count) == (ptrdiff_t)count, "the server writes");
		check(bytes, count, s->row + index, at);
		at += count;
	}
	skua_close(fd);
}

static void serves_or_asks(soak_op *own, void *arg, unsigned index)
{
	if (index == 0)
		serve(own, arg);
	else
		ask(own, arg, index);
}

void soak_op_dial(soak_op *op)
{
	server s = { .clients = 1 + (unsigned)soak_draw(op, 5), .row = soak_step(&op->row) };
	s.bytes = soak_draw(op, op->size * 2);
	s.listener = skua_listen("127.0.0.1", 0, 16);
	SOAK_REQUIRE(s.listener >= 0, "listen: %s", skua_strerror(s.listener));
	int port = skua_local_port(s.listener);
	SOAK_REQUIRE(port > 0, "port: %s", skua_strerror(port));
	s.port = (unsigned)port;
	soak_team(op, SOAK_ANY, 1 + s.clients, serves_or_asks, &s);
	skua_close(s.listener);
}

/* --- names, which need no server --- */

void soak_op_resolve(soak_op *op)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list = NULL;
	char service[8];
	snprintf(service, sizeof service, "%u", 1 + (unsigned)soak_draw(op, 60000));
	hints.ai_flags = AI_NUMERICSERV;
	int error = skua_resolve(soak_chance(op, 2) ? "127.0.0.1" : "localhost", service, &hints, &list);
	SOAK_REQUIRE(error == 0 && list, "resolve: %s", skua_strerror(error));
	SOAK_REQUIRE(list->ai_family == AF_INET && list->ai_addr, "an address");
	freeaddrinfo(list);
}

/* --- files: parts written and read by several at once --- */

typedef struct file {
	int fd;
	uint64_t row;
	size_t part_bytes;
} file;

static void use_part(soak_op *own, void *arg, unsigned index)
{
	const file *f = arg;
	unsigned char *bytes = soak_memory(f->part_bytes);
	uint64_t begin = index * f->part_bytes;
	fill(bytes, f->part_bytes, f->row, begin);
	for (size_t at = 0; at < f->part_bytes;) {
		size_t count = 1 + soak_draw(own, f->part_bytes - at);
		ptrdiff_t done = soak_chance(own, 2) ? skua_pwrite(f->fd, bytes + at, count, (int64_t)(begin + at))
		                                     : skua_pwrite_until(f->fd, bytes + at, count,
		                                                         (int64_t)(begin + at), SKUA_FOREVER);
		SOAK_REQUIRE(done > 0 && (size_t)done <= count, "pwrite gave %td of %zu", done, count);
		at += (size_t)done;
	}
	if (soak_chance(own, 32))
		SOAK_REQUIRE(skua_fsync(f->fd) == 0, "fsync");
	memset(bytes, 0, f->part_bytes);
	for (size_t at = 0; at < f->part_bytes;) {
		size_t count = 1 + soak_draw(own, f->part_bytes - at);
		ptrdiff_t done = skua_pread(f->fd, bytes + at, count, (int64_t)(begin + at));
		SOAK_REQUIRE(done > 0 && (size_t)done <= count, "pread gave %td of %zu", done, count);
		at += (size_t)done;
	}
	check(bytes, f->part_bytes, f->row, begin);
	free(bytes);
}

static void read_whole(const file *f, size_t whole)
{
	unsigned char *bytes = soak_memory(whole + 1);
	SOAK_REQUIRE(lseek(f->fd, 0, SEEK_SET) == 0, "seek");
	ptrdiff_t done = skua_read_all(f->fd, bytes, whole + 1);
	SOAK_REQUIRE(done == (ptrdiff_t)whole, "read_all gave %td of %zu", done, whole);
	check(bytes, whole, f->row, 0);
	free(bytes);
}

void soak_op_file(soak_op *op)
{
	char path[256];
	const char *folder = getenv("TMPDIR");
	unsigned parts = 1 + (unsigned)soak_draw(op, 6);
	file f = { .row = soak_step(&op->row), .part_bytes = 1 + soak_draw(op, (uint64_t)op->size * 8) };
	/* The row alone would meet a file that a killed process has left. */
	snprintf(path, sizeof path, "%s/skua-soak-%ld-%" PRIx64 "-%" PRIx64, folder ? folder : "/tmp", (long)getpid(),
	         f.row, skua_now_ns());
	f.fd = skua_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	SOAK_REQUIRE(f.fd >= 0, "open: %s", skua_strerror(f.fd));
	SOAK_REQUIRE(skua_open(path, O_RDWR | O_CREAT | O_EXCL, 0600) == -EEXIST, "it is there");
	unlink(path);
	soak_team(op, SOAK_ANY, parts, use_part, &f);
	read_whole(&f, parts * f.part_bytes);
	SOAK_REQUIRE(skua_close(f.fd) == 0, "close");
}
