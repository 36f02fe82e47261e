/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of thumbs. Call from: the main thread. */
#ifndef SKUA_EXAMPLES_THUMBS_FOLDER_H
#define SKUA_EXAMPLES_THUMBS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* The names of the files in a folder that end like those of pictures, sorted. */
struct folder {
	char **name;
	size_t count;
};

/* Returns 0 or a negative errno. */
int folder_read(const char *path, struct folder *folder);
void folder_free(struct folder *folder);

/* Makes the folder if it is not there, and refuses the folder `in` itself. Returns 0 or a negative errno. */
int folder_prepare(const char *path, const char *in);

#endif
