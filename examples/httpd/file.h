/* SPDX-License-Identifier: Apache-2.0 */
/* The files that are served: where a path leads, and what a file is called to a browser. Any task may call. */
#ifndef HTTPD_FILE_H
#define HTTPD_FILE_H

#include <stdint.h>

struct file {
	int fd; /* to be closed by skua_close; -1: none */
	int64_t bytes;
	const char *type;
};

/*
 * Opens the file that a path (of a request: "/..." without "..") leads to. Links are followed: who puts one into the
 * folder means it. Blocks: the fiber. Returns: 200; 301 a folder without '/' at its end; 403; 404; 503.
 */
int file_open(struct file *file, const char *folder, const char *path);

#endif
