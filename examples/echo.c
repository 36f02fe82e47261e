/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echo: a server, one task for each connection. Usage: echo [port]
 *
 * Code that waits is written as if it had a thread to itself: read, write, again. A task that waits is a stack and no
 * thread, so a thousand connections need no more cores than one. The server is a group: its listener and its
 * connections are tasks of it, to cancel it ends them all, and when the wait returns none is left.
 *
 * With a port the program serves there until Ctrl-C (try: nc localhost 7007). Without one it tries itself: a hundred
 * clients, tasks as well, send messages of all sizes and compare every byte that comes back.
 */
#include "example.h"

#include <signal.h>
#include <skua/skua.h>
#include <string.h>

enum { CLIENTS = 100, MESSAGES = 20, LONGEST = 4096 };

static int listener;
static skua_group server = SKUA_GROUP_INIT;

static int serve(void *arg)
{
	int peer = (int)(intptr_t)arg;
	char text[LONGEST];
	ptrdiff_t bytes;
	while ((bytes = skua_read(peer, text, sizeof(text))) > 0 && skua_write_all(peer, text, (size_t)bytes) > 0)
		;
	skua_close(peer);
	return 0; /* one that fails is not to end the others, which a result below 0 would do */
}

static int take_connections(void *unused)
{
	(void)unused;
	int peer;
	while ((peer = skua_accept(listener)) >= 0) {
		if (skua_group_run(&server, serve, (void *)(intptr_t)peer) < 0)
			skua_close(peer);
	}
	return peer;
}

/* One that finds a byte wrong fails, and that cancels the others. */
static int try_it(void *number)
{
	uint64_t random = (uint64_t)(intptr_t)number;
	char sent[LONGEST], echoed[LONGEST];
	int wrong = 0, peer = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
	for (int i = 0; i < MESSAGES && peer >= 0 && !wrong; i++) {
		size_t bytes = 1 + (size_t)example_random(&random, LONGEST);
		for (size_t k = 0; k < bytes; k++)
			sent[k] = (char)example_random(&random, 256);
		wrong = skua_write_all(peer, sent, bytes) != (ptrdiff_t)bytes ||
		        skua_read_all(peer, echoed, bytes) != (ptrdiff_t)bytes || memcmp(sent, echoed, bytes) != 0;
	}
	skua_close(peer);
	return peer < 0 ? peer : -wrong;
}

int main(int argc, char **argv)
{
	int port = example_size(argc, argv, 0, 1, 65535), error = 0;
	const int ends[] = { SIGINT, SIGTERM };
	skua_signal_block(ends, 2);
	listener = skua_listen(port ? NULL : "127.0.0.1", (unsigned)port, 128);
	if (listener < 0) {
		fprintf(stderr, "echo: cannot listen: %s\n", skua_strerror(listener));
		return 1;
	}
	skua_group_run(&server, take_connections, NULL);
	if (port) {
		printf("echo: serving port %d until Ctrl-C\n", port);
		skua_signal_wait(ends, 2);
	} else {
		skua_group clients = SKUA_GROUP_INIT;
		for (intptr_t i = 0; i < CLIENTS; i++)
			skua_group_run(&clients, try_it, (void *)i);
		error = skua_group_wait(&clients);
		printf("echo: %d clients, %d messages each: %s\n", CLIENTS, MESSAGES,
		       error ? "WRONG" : "all came back");
	}
	skua_group_cancel(&server);
	skua_group_wait(&server);
	skua_close(listener);
	return error != 0;
}
