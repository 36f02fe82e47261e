/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory; see memory_files.h. */
#include "memory_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const memory_file *files;
static unsigned file_count;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);

void memory_files_set(const memory_file *list, unsigned count)
{
	files = list;
	file_count = count;
}

/* What stands below the root, or NULL if the path leads elsewhere. */
static const char *below_root(const char *path)
{
	size_t length = strlen(MEMORY_ROOT);
	if (strncmp(path, MEMORY_ROOT, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length + strspn(path + length, "/");
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const char *name = below_root(path);
	if (!name)
		return __real_fopen(path, mode);
	for (unsigned i = 0; i < file_count; i++) {
		if (strcmp(files[i].name, name) == 0)
			return fmemopen((void *)(uintptr_t)files[i].bytes, files[i].size, "r");
	}
	errno = ENOENT;
	return NULL;
}

/* A directory is what stands before a slash in the name of a file. */
int __wrap_stat(const char *path, struct stat *status)
{
	const char *name = below_root(path);
	if (!name)
		return __real_stat(path, status);
	size_t length = strlen(name);
	while (length > 0 && name[length - 1] == '/')
		length--;
	bool found = length == 0;
	for (unsigned i = 0; i < file_count; i++)
		found |= strncmp(files[i].name, name, length) == 0 && files[i].name[length] == '/';
	*status = (struct stat){ .st_mode = S_IFDIR | 0755 };
	errno = found ? 0 : ENOENT;
	return found ? 0 : -1;
}
