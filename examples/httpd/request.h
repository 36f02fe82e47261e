/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 request, taken apart. Knows no sockets and no files; any thread may call.
 * Source: RFC 9112 (HTTP/1.1), RFC 9110 (its meaning).
 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct request {
	int status;        /* 0: it can be answered; else what is wrong with it: 400, 405, 505 */
	bool is_head;      /* HEAD: everything but the body */
	bool keep_alive;   /* another request may follow */
	char target[1024]; /* as it was sent, without the query: visible ASCII that begins with one '/' */
	char path[1024];   /* the same decoded: begins with '/', has no part ".." */
};

/* Parses a head that ends with its blank line. It is used up. */
void request_parse(struct request *request, char *head, size_t bytes);

#endif
