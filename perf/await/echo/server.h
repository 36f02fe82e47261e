/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An echo server, once for each library: echo-<library> PORT WORKERS. It listens on 127.0.0.1, sends back what it gets
 * with as many working threads as it is told, until SIGTERM, and prints nothing unless something fails.
 *
 * What they have in common: a backlog of 4096, TCP_NODELAY, a buffer of 4 KiB for each connection, and that connections
 * are dealt out evenly. The servers that have a loop in each thread (epoll, libuv, Boost.Asio) accept in the main
 * thread, which sleeps otherwise, and give the loops connections in turn: SO_REUSEPORT would leave that to a hash, and
 * one loop with more work than another. skua and Go balance by themselves.
 */
#ifndef PERF_ECHO_SERVER_H
#define PERF_ECHO_SERVER_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
	ECHO_BYTES = 4096,
	ECHO_BACKLOG = 4096
};

typedef struct server_arguments {
	unsigned port;
	unsigned workers;
} server_arguments;

/* Reads the command line, and raises RLIMIT_NOFILE to what is allowed. Ends the process if it makes no sense. */
server_arguments server_start(int argc, char **argv);

/* A listening socket that blocks. Ends the process if there can be none. */
int server_listen(unsigned port);

/* The next connection, O_NONBLOCK and TCP_NODELAY. Waits. Ends the process if the socket is broken. */
int server_accept(int listener);

/* TCP_NODELAY. */
void server_hurry(int connection);

/* Says what failed, with errno, and ends the process. */
void server_fail(const char *what) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
