/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fork-join beside connections, in one process: beside KERNEL SIZE WORKERS [PORT]. With a PORT there is an echo server
 * on 127.0.0.1, a task for each connection, on the same workers as the kernel: fib, nqueens, or none, which sleeps for
 * SIZE milliseconds instead. Without one nothing of io.h is used at all.
 *
 * It prints "ready", runs the kernel once for each line of its input, and answers with "<ns> <messages that the server
 * echoed meanwhile>"; at the end of its input it stops. The result of each run is compared with what it has to be.
 */
#include "../echo/server.h"
#include "kernels.h"

#include <skua/skua.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static skua_group connections = SKUA_GROUP_INIT;
static int listener;
static atomic_ullong echoed; /* relaxed: a count and nothing else */

static void need(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "beside: %s: %s\n", what, skua_strerror(result));
	exit(1);
}

static int serve(void *arg)
{
	int peer = (int)(intptr_t)arg;
	char text[ECHO_BYTES];
	ptrdiff_t bytes;
	while ((bytes = skua_read(peer, text, sizeof text)) > 0 && skua_write_all(peer, text, (size_t)bytes) > 0)
		atomic_fetch_add_explicit(&echoed, 1, memory_order_relaxed);
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
	if (peer != -ECANCELED)
		need(peer, "skua_accept");
	return 0;
}

static void run_once(long (*kernel)(int), int size, long wanted)
{
	uint64_t before = atomic_load_explicit(&echoed, memory_order_relaxed), begin = skua_now_ns();
	if (kernel && kernel(size) != wanted) {
		fputs("beside: the kernel's result is wrong\n", stderr);
		exit(1);
	}
	if (!kernel)
		need(skua_sleep_ns((uint64_t)size * 1000000), "skua_sleep_ns");
	uint64_t took = skua_now_ns() - begin;
	printf("%llu %llu\n", (unsigned long long)took,
	       (unsigned long long)(atomic_load_explicit(&echoed, memory_order_relaxed) - before));
	fflush(stdout);
}

static void *run_for_each_line(void *arg)
{
	const kernel_choice *choice = arg;
	long wanted = choice->wanted;
	for (char line[16]; fgets(line, sizeof line, stdin);)
		run_once(choice->run, choice->size, wanted);
	return NULL;
}

int main(int argc, char **argv)
{
	kernel_choice choice;
	if ((argc != 4 && argc != 5) || !kernel_choose(&choice, argv[1], atoi(argv[2])) || atoi(argv[3]) < 1) {
		fputs("usage: beside fib|nqueens|none SIZE WORKERS [PORT]\n", stderr);
		return 2;
	}
	int serves = argc == 5;
	skua_config config = { .workers = (unsigned)atoi(argv[3]), .bind_main = 1 };
	if (serves) {
		char *as_server[] = { argv[0], argv[4], argv[3] };
		listener = skua_listen("127.0.0.1", server_start(3, as_server).port, ECHO_BACKLOG);
		need(listener, "skua_listen");
	}
	need(skua_start(&config), "skua_start");
	if (serves)
		need(skua_group_run(&connections, accept_all, NULL), "skua_group_run");
	puts("ready");
	fflush(stdout);
	run_for_each_line(&choice);
	skua_group_cancel(&connections);
	int error = skua_group_wait(&connections);
	if (error != -ECANCELED)
		need(error, "skua_group_wait");
	skua_stop();
	return 0;
}
