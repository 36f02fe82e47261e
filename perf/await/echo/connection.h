/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the load generator: at most one message is in flight, and each byte that comes back is compared.
 * The bytes tell connection and message, so that a server that mixes two of them up is found out. Owned by one thread.
 */
#ifndef PERF_ECHO_CONNECTION_H
#define PERF_ECHO_CONNECTION_H

#include <stdint.h>

enum {
	MESSAGE_BYTES_MAX = 4096 /* always fits into the socket's buffer at once */
};

typedef struct connection {
	int fd;
	unsigned index;     /* among all connections */
	unsigned bytes;     /* of a message */
	unsigned received;  /* of the message in flight */
	int waits_first;    /* has had no answer yet, but for opening it */
	uint64_t messages;  /* sent so far */
	uint64_t begin_ns;  /* when the message in flight was sent, or should have been; 0: none is */
	uint64_t waits_ns;  /* since when the next message could have been sent, with a pace; 0: it need not be */
	unsigned char *out; /* of bytes, rounded up to words */
} connection;

/* Opens it. Blocks. Ends the process if that fails. */
void connection_open(connection *c, unsigned port, unsigned index, unsigned bytes);

/* Sends the next message. begin_ns: from when its time counts. Ends the process if that fails. */
void connection_send(connection *c, uint64_t begin_ns);

/* Receives what there is. Returns 1 if the message is complete. Ends the process if it is not what was sent. */
int connection_receive(connection *c);

/* Sends a message and waits until it is back. Blocks. */
void connection_round_trip(connection *c);

/* Closes it at once (RST), so that no socket of this run is in TIME_WAIT while the next server is measured. */
void connection_close(connection *c);

/* Says what failed, with errno unless that is 0, and ends the process. */
void load_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
