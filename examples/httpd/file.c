/* SPDX-License-Identifier: Apache-2.0 */
/* See file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <skua/skua.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char *const types[][2] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".htm", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".md", "text/plain; charset=utf-8" },
	{ ".c", "text/plain; charset=utf-8" },
	{ ".h", "text/plain; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".jpg", "image/jpeg" },
	{ ".jpeg", "image/jpeg" },
	{ ".gif", "image/gif" },
	{ ".webp", "image/webp" },
	{ ".ico", "image/x-icon" },
	{ ".pdf", "application/pdf" },
	{ ".wasm", "application/wasm" },
	{ ".woff2", "font/woff2" },
	{ ".mp4", "video/mp4" },
};

static const char *type_of(const char *name)
{
	const char *ending = strrchr(name, '.');
	for (size_t i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(ending, types[i][0]) == 0)
			return types[i][1];
	}
	return "application/octet-stream";
}

static int status_of(int error)
{
	switch (error) {
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ECANCELED:
		return 503;
	case -EACCES:
	case -EPERM:
		return 403;
	default:
		return 404;
	}
}

int file_open(struct file *file, const char *folder, const char *path)
{
	char name[4096];
	*file = (struct file){ .fd = -1 };
	int is_folder = path[strlen(path) - 1] == '/';
	int length = snprintf(name, sizeof(name), "%s%s%s", folder, path, is_folder ? "index.html" : "");
	if (length < 0 || (size_t)length >= sizeof(name))
		return 404;
	/* O_NONBLOCK: a named pipe that somebody left there is not waited for. */
	int fd = skua_open(name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return status_of(fd);
	struct stat about;
	int status = fstat(fd, &about) < 0 ? 404 : S_ISREG(about.st_mode) ? 200 : S_ISDIR(about.st_mode) ? 301 : 403;
	if (status == 301 && is_folder)
		status = 404; /* a folder of the name index.html */
	if (status != 200) {
		skua_close(fd);
		return status;
	}
	*file = (struct file){ .fd = fd, .bytes = about.st_size, .type = type_of(name) };
	return 200;
}
