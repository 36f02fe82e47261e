/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of thumbs. Call from: the main thread. */
#ifndef SKUA_EXAMPLES_THUMBS_FOLDER_H
#define SKUA_EXAMPLES_THUMBS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct folder_file {
	char *name;
	off_t bytes;
};

/*
 * The files in a folder whose names end like those of pictures. The largest come first: what takes long should not
 * begin last, when the other workers have nothing left.
 */
struct folder {
	struct folder_file *file;
	size_t count;
};

/* Returns 0 or a negative errno. */
int folder_read(const char *path, struct folder *folder);
void folder_free(struct folder *folder);

/* Makes the folder if it is not there, and refuses the folder `in` itself. Returns 0 or a negative errno. */
int folder_prepare(const char *path, const char *in);

#endif
