/* SPDX-License-Identifier: Apache-2.0 */
/* What the echo servers in C and C++ have in common; see server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

void server_fail(const char *what)
{
	fprintf(stderr, "echo server: %s: %s\n", what, strerror(errno));
	exit(1);
}

server_arguments server_start(int argc, char **argv)
{
	server_arguments result = { 0, 0 };
	if (argc == 3) {
		result.port = (unsigned)strtoul(argv[1], NULL, 10);
		result.workers = (unsigned)strtoul(argv[2], NULL, 10);
	}
	if (result.port == 0 || result.port > 65535 || result.workers == 0 || result.workers > 1024) {
		fprintf(stderr, "usage: %s PORT WORKERS\n", argv[0]);
		exit(2);
	}
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return result;
}

int server_listen(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, ECHO_BACKLOG) < 0)
		server_fail("listen");
	return listener;
}

void server_hurry(int connection)
{
	int on = 1;
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int server_accept(int listener)
{
	int connection;
	do {
		connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (connection < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (connection < 0)
		server_fail("accept");
	server_hurry(connection);
	return connection;
}
