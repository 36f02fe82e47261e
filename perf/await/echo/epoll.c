/* SPDX-License-Identifier: Apache-2.0 */
/* The echo server by system calls alone: what the others are measured against. One epoll for each worker. */
#include "server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 256
};

/* What could not be sent at once: owned by the connection's loop. */
typedef struct connection {
	int fd;
	unsigned sent, filled;
	char text[ECHO_BYTES];
} connection;

static void watch(int loop, int operation, connection *c, unsigned events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = c } };
	if (epoll_ctl(loop, operation, c->fd, &event) < 0)
		server_fail("epoll_ctl");
}

static void end(connection *c)
{
	close(c->fd);
	free(c);
}

/* Sends what is left. Returns 1 if all of it is sent, 0 if the socket is full, -1 if the connection is broken. */
static int flush(connection *c)
{
	while (c->sent < c->filled) {
		ssize_t bytes = send(c->fd, c->text + c->sent, c->filled - c->sent, MSG_NOSIGNAL);
		if (bytes < 0)
			return errno == EAGAIN ? 0 : -1;
		c->sent += (unsigned)bytes;
	}
	return 1;
}

static void serve(int loop, connection *c, unsigned events)
{
	if (events & EPOLLOUT) {
		int done = flush(c);
		if (done < 0)
			end(c);
		else if (done)
			watch(loop, EPOLL_CTL_MOD, c, EPOLLIN);
		return;
	}
	ssize_t bytes = recv(c->fd, c->text, sizeof c->text, 0);
	if (bytes < 0 && errno == EAGAIN)
		return;
	if (bytes <= 0) {
		end(c);
		return;
	}
	c->sent = 0;
	c->filled = (unsigned)bytes;
	int done = flush(c);
	if (done < 0)
		end(c);
	else if (!done)
		watch(loop, EPOLL_CTL_MOD, c, EPOLLOUT);
}

static void *run(void *arg)
{
	int loop = *(int *)arg;
	struct epoll_event event[EVENTS];
	for (;;) {
		int count = epoll_wait(loop, event, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			server_fail("epoll_wait");
		for (int i = 0; i < count; i++)
			serve(loop, event[i].data.ptr, event[i].events);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	server_arguments arguments = server_start(argc, argv);
	int *loop = calloc(arguments.workers, sizeof *loop);
	for (unsigned i = 0; loop && i < arguments.workers; i++) {
		pthread_t thread;
		loop[i] = epoll_create1(EPOLL_CLOEXEC);
		if (loop[i] < 0 || pthread_create(&thread, NULL, run, &loop[i]) != 0)
			server_fail("start");
	}
	int listener = server_listen(arguments.port);
	for (unsigned next = 0;; next = (next + 1) % arguments.workers) {
		connection *c = malloc(sizeof *c);
		if (!loop || !c)
			server_fail("malloc");
		c->fd = server_accept(listener);
		watch(loop[next], EPOLL_CTL_ADD, c, EPOLLIN);
	}
}
