/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the load generator; see connection.h. */
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 20000
};

void load_fail(const char *format, ...)
{
	int error = errno;
	va_list arguments;
	va_start(arguments, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s%s\n", error ? ": " : "", error ? strerror(error) : "");
	exit(1);
}

void connection_open(connection *c, unsigned port, unsigned index, unsigned bytes)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int on = 1;
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	*c = (connection){ .index = index, .bytes = bytes, .waits_first = 1 };
	c->out = calloc((bytes + 7) / 8, 8);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!c->out || c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
	    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) < 0)
		load_fail("connection %u", index);
}

void connection_send(connection *c, uint64_t begin_ns)
{
	uint64_t word =
	        ((uint64_t)c->index + 1) * UINT64_C(0x9e3779b97f4a7c15) + ++c->messages * UINT64_C(0xd1342543de82ef95);
	for (unsigned i = 0; i < c->bytes; i += 8) {
		memcpy(c->out + i, &word, 8);
		word += UINT64_C(0xa0761d6478bd642f);
	}
	c->received = 0;
	c->begin_ns = begin_ns;
	ssize_t sent = send(c->fd, c->out, c->bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent != (ssize_t)c->bytes)
		load_fail("connection %u: sent %zd bytes of %u", c->index, sent, c->bytes);
}

int connection_receive(connection *c)
{
	unsigned char in[MESSAGE_BYTES_MAX + 1]; /* one more, to see what was not asked for */
	ssize_t got = recv(c->fd, in, c->bytes - c->received + 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < 0)
		load_fail("connection %u", c->index);
	errno = 0;
	if (got == 0)
		load_fail("connection %u: the server closed it", c->index);
	if (c->begin_ns == 0 || (size_t)got > c->bytes - c->received ||
	    memcmp(in, c->out + c->received, (size_t)got) != 0)
		load_fail("connection %u: message %llu came back wrong", c->index, (unsigned long long)c->messages);
	c->received += (unsigned)got;
	if (c->received < c->bytes)
		return 0;
	c->begin_ns = 0;
	return 1;
}

void connection_round_trip(connection *c)
{
	struct pollfd readable = { .fd = c->fd, .events = POLLIN };
	connection_send(c, 1);
	do {
		int count = poll(&readable, 1, PATIENCE_MS);
		if (count < 0 && errno != EINTR)
			load_fail("poll");
		errno = 0;
		if (count == 0)
			load_fail("connection %u: no answer for %d ms", c->index, PATIENCE_MS);
	} while (!connection_receive(c));
}

void connection_close(connection *c)
{
	close(c->fd);
	free(c->out);
}
