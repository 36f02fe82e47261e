/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: connections, each with a task of its own, in as many places as there are.
 *
 *     listener task: take a free place -> accept -> start a task in the place
 *     its task:      read a head -> parse -> answer -> and again, if both sides want to -> close, give the place back
 *
 * The free places lie in a channel. To take one waits when all are in use, and that is the limit of connections: the
 * next one stays in the kernel's queue. Each head and each piece of an answer has a deadline, so that a client who says
 * nothing, or takes nothing, does not keep its place.
 *
 * Who may touch what: a place belongs to the listener's task from the channel on, then to the connection's task, until
 * that gives it back. server_stop looks at the places when there are no tasks any more, and closes what a task that was
 * cancelled before it began has left open.
 */
#ifndef HTTPD_SERVER_H
#define HTTPD_SERVER_H

#include <skua/skua.h>

struct place;

struct server {
	/* set by the caller, before the start */
	const char *host; /* NULL: all addresses of this machine */
	const char *folder;
	unsigned port;        /* 0: any free one; after the start, the port */
	unsigned most;        /* connections */
	uint64_t patience_ns; /* for a head, and for each piece of an answer */

	/* the server's own */
	int listener;
	struct place *places;
	skua_channel *free;
	skua_group tasks;
};

/* Starts it. Call from: anywhere. Blocks: the fiber. Returns: 0; a negative errno. */
int server_start(struct server *server);

/* Ends all connections, and waits for that. Call from: anywhere, after a start. Blocks: the fiber. */
void server_stop(struct server *server);

#endif
