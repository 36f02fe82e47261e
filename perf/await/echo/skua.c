/* SPDX-License-Identifier: Apache-2.0 */
/* The echo server on skua: a task for each connection, in one group, which SIGTERM cancels. */
#include "server.h"

#include <skua/skua.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static skua_group connections = SKUA_GROUP_INIT;
static int listener;

static int serve(void *arg)
{
	int peer = (int)(intptr_t)arg;
	char text[ECHO_BYTES];
	ptrdiff_t bytes;
	while ((bytes = skua_read(peer, text, sizeof text)) > 0) {
		if (skua_write_all(peer, text, (size_t)bytes) < 0)
			break;
	}
	skua_close(peer);
	return 0; /* a failure would end the others */
}

static int accept_all(void *arg)
{
	(void)arg;
	int peer;
	while ((peer = skua_accept(listener)) >= 0 || peer == -ECONNABORTED) {
		if (peer < 0)
			continue;
		server_hurry(peer);
		if (skua_group_run(&connections, serve, (void *)(intptr_t)peer) < 0)
			skua_close(peer);
	}
	if (peer != -ECANCELED) {
		fprintf(stderr, "echo server: accept: %s\n", skua_strerror(peer));
		exit(1);
	}
	return 0;
}

static void need(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "echo server: %s: %s\n", what, skua_strerror(result));
	exit(1);
}

int main(int argc, char **argv)
{
	server_arguments arguments = server_start(argc, argv);
	const int end = SIGTERM;
	need(skua_signal_block(&end, 1), "skua_signal_block");
	skua_config config = { .workers = arguments.workers };
	need(skua_start(&config), "skua_start");
	listener = skua_listen("127.0.0.1", arguments.port, ECHO_BACKLOG);
	need(listener, "skua_listen");
	need(skua_group_run(&connections, accept_all, NULL), "skua_group_run");
	need(skua_signal_wait(&end, 1), "skua_signal_wait");
	skua_group_cancel(&connections);
	if (skua_group_wait(&connections) != -ECANCELED)
		need(-EPROTO, "skua_group_wait");
	skua_close(listener);
	skua_stop();
	return 0;
}
