/* SPDX-License-Identifier: Apache-2.0 */
/* See selftest.h. Each byte of each file is compared; the folder has a neighbour that must not be reached. */
#include "selftest.h"

#include "server.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CLIENTS = 40,
	PLACES = 8,
	BIG_BYTES = 1000000
};

struct sample {
	const char *name, *target, *type;
	size_t bytes;
};

static const struct sample samples[] = {
	{ "index.html", "/", "text/html; charset=utf-8", 300 },
	{ "index.html", "/index.html?query", "text/html; charset=utf-8", 300 },
	{ "a b.css", "/a%20b.css", "text/css; charset=utf-8", 1 },
	{ "empty.txt", "/./empty.txt", "text/plain; charset=utf-8", 0 },
	{ "sub/index.html", "/sub/", "text/html; charset=utf-8", 65536 },
	{ "sub/big.bin", "/sub/big.bin", "application/octet-stream", BIG_BYTES },
	{ "sub/p.JPG", "http://localhost/sub/p.JPG", "image/jpeg", 65300 },
};
enum {
	SAMPLES = sizeof(samples) / sizeof(samples[0])
};

static char folder[64];
static char contents[BIG_BYTES]; /* every file is the beginning of it */
static struct server server = { .host = "127.0.0.1", .folder = folder, .most = PLACES };
static _Atomic int wrong;

static int expect(int condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "httpd: wrong: %s\n", what);
		wrong++;
	}
	return condition;
}

/* Removes the folder's files, or makes them. */
static void samples_on_disk(int make)
{
	char name[128];
	if (make) {
		snprintf(name, sizeof(name), "%s/sub", folder);
		mkdir(folder, 0700);
		mkdir(name, 0700);
	}
	for (int i = 0; i < SAMPLES; i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, samples[i].name);
		if (!make) {
			unlink(name);
			continue;
		}
		int fd = skua_open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		expect(skua_write_all(fd, contents, samples[i].bytes) == (ptrdiff_t)samples[i].bytes, name);
		skua_close(fd);
	}
	if (!make) {
		snprintf(name, sizeof(name), "%s/sub", folder);
		rmdir(name);
		rmdir(folder);
	}
}

static int dial(void)
{
	return skua_dial("127.0.0.1", server.port);
}

/* Reads the head of an answer, byte by byte, and leaves the body. Returns its status; 0: none came. */
static int read_head(int peer, char *head, size_t room)
{
	size_t have = 0;
	head[0] = '\0';
	while (have + 1 < room && strstr(have < 4 ? head : head + have - 4, "\r\n\r\n") == NULL) {
		if (skua_read(peer, head + have, 1) <= 0)
			return 0;
		head[++have] = '\0';
	}
	return strncmp(head, "HTTP/1.1 ", 9) == 0 ? atoi(head + 9) : 0;
}

static void send_text(int peer, const char *text)
{
	skua_write_all(peer, text, strlen(text));
}

/* The answer to a sample that was asked for. */
static int check_sample(int peer, const struct sample *sample, int with_body)
{
	char head[1024], line[128];
	if (!expect(read_head(peer, head, sizeof(head)) == 200, sample->target))
		return 0;
	snprintf(line, sizeof(line), "\r\nContent-Length: %zu\r\n", sample->bytes);
	int right = expect(strstr(head, line) != NULL, line);
	snprintf(line, sizeof(line), "\r\nContent-Type: %s\r\n", sample->type);
	right &= expect(strstr(head, line) != NULL, line);
	char *body = malloc(sample->bytes + 1);
	if (with_body && body != NULL)
		right &= expect(skua_read_all(peer, body, sample->bytes) == (ptrdiff_t)sample->bytes &&
		                        memcmp(body, contents, sample->bytes) == 0,
		                "the body");
	free(body);
	return right;
}

/* All samples over one connection, each by HEAD and GET, sent together. */
static int fetch_all(void *unused)
{
	(void)unused;
	int peer = dial();
	for (int i = 0; i < SAMPLES; i++) {
		char text[256];
		snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\nGET %s HTTP/1.1\r\nhost:a\r\n\r\n",
		         samples[i].target, samples[i].target);
		send_text(peer, text);
		if (!check_sample(peer, &samples[i], 0) || !check_sample(peer, &samples[i], 1))
			break;
	}
	skua_close(peer);
	return 0;
}

/* A request on a connection of its own. */
static void check_status(const char *request, int status, const char *field)
{
	char head[1024] = "", rest[512];
	int peer = dial();
	send_text(peer, request);
	expect(read_head(peer, head, sizeof(head)) == status && (field == NULL || strstr(head, field) != NULL),
	       request);
	if (strstr(head, "\r\nConnection: close\r\n") != NULL)
		expect(skua_read_all(peer, rest, sizeof(rest)) < (ptrdiff_t)sizeof(rest),
		       "an end after Connection: close");
	skua_close(peer);
}

#define LINES " HTTP/1.1\r\nHost: a\r\n\r\n"

static void check_refusals(void)
{
	check_status("GET /missing" LINES, 404, NULL);
	check_status("GET /sub" LINES, 301, "\r\nLocation: /sub/\r\n");
	check_status("GET /empty.txt/x" LINES, 404, NULL);
	check_status("POST /" LINES, 405, "\r\nAllow: GET, HEAD\r\n");
	check_status("GET /../secret" LINES, 400, "\r\nConnection: close\r\n");
	check_status("GET /sub/..%2f..%2Fsecret" LINES, 400, NULL);
	check_status("GET /%2e%2e/secret" LINES, 400, NULL);
	check_status("GET /sub/.." LINES, 400, NULL);
	check_status("GET /a%00b" LINES, 400, NULL);
	check_status("GET /a%2" LINES, 400, NULL);
	check_status("GET //host/" LINES, 400, NULL);
	check_status("GET index.html" LINES, 400, NULL);
	check_status("nonsense\r\n\r\n", 400, NULL);
	check_status("\r\n\r\n", 400, NULL);
	check_status("GET / HTTP/1.1\r\n\r\n", 400, NULL);
	check_status("GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400, NULL);
	check_status("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, NULL);
	check_status("GET / HTTP/1.0\r\n\r\n", 200, "\r\nConnection: close\r\n");
	check_status("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, "\r\nConnection: keep-alive\r\n");
	check_status("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", 200, "\r\nConnection: close\r\n");
	static char large[10000] = "GET /";
	memset(large + 5, 'a', sizeof(large) - 6);
	check_status(large, 431, NULL);
}

/* Says half of a request, and then nothing. */
static void check_patience(void)
{
	char byte;
	int peer = dial();
	send_text(peer, "GET / HT");
	expect(skua_read_until(peer, &byte, 1, skua_now_ns() + UINT64_C(20000000000)) == 0, "the end of patience");
	skua_close(peer);
}

static int start(uint64_t patience_ns)
{
	server.port = 0;
	server.patience_ns = patience_ns;
	int error = server_start(&server);
	return expect(error == 0, skua_strerror(error));
}

int selftest(void)
{
	for (size_t i = 0; i < BIG_BYTES; i++)
		contents[i] = (char)(i * i / 7 + i);
	char outer[] = "/tmp/skua-httpd-XXXXXX", secret[64];
	if (mkdtemp(outer) == NULL)
		return 1;
	snprintf(folder, sizeof(folder), "%s/folder", outer);
	snprintf(secret, sizeof(secret), "%s/secret", outer);
	skua_close(skua_open(secret, O_WRONLY | O_CREAT, 0600));
	samples_on_disk(1);
	if (start(UINT64_C(60000000000))) {
		check_refusals();
		skua_group clients = SKUA_GROUP_INIT;
		for (int i = 0; i < CLIENTS; i++)
			skua_group_run(&clients, fetch_all, NULL);
		skua_group_wait(&clients);
		server_stop(&server);
	}
	if (start(200000000)) {
		check_patience();
		server_stop(&server);
	}
	samples_on_disk(0);
	unlink(secret);
	rmdir(outer);
	printf("httpd: %d clients in %d places fetched %d files each%s\n", CLIENTS, PLACES, SAMPLES,
	       wrong ? ": WRONG" : ", and all else was refused");
	return wrong != 0;
}
