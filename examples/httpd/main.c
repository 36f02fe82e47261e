/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd: serves the files of a folder by HTTP/1.1. Usage: httpd [port folder]
 *
 * With arguments it serves until Ctrl-C: open http://localhost:8000/ in a browser, or let wrk loose on it. Without, it
 * tries itself (selftest.c). server.h tells how connections become tasks, request.c takes a request apart, file.c knows
 * where the files lie.
 */
#include "selftest.h"
#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const int ends[] = { SIGINT, SIGTERM };
	int port = argc == 3 ? atoi(argv[1]) : 0;
	if (argc == 1)
		return selftest();
	if (port < 1 || port > 65535) {
		fprintf(stderr, "usage: %s [port folder]\n", argv[0]);
		return 2;
	}
	skua_signal_block(ends, 2);
	struct server server = {
		.port = (unsigned)port,
		.folder = argv[2],
		.most = 1000,
		.patience_ns = 20 * UINT64_C(1000000000),
	};
	int error = server_start(&server);
	if (error < 0) {
		fprintf(stderr, "httpd: cannot serve port %d: %s\n", port, skua_strerror(error));
		return 1;
	}
	printf("httpd: serving %s at http://localhost:%d/ until Ctrl-C\n", argv[2], port);
	fflush(stdout);
	skua_signal_wait(ends, 2);
	server_stop(&server);
	return 0;
}
