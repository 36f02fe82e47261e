/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of thumbs; see folder.h. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_picture(const char *name)
{
	static const char *const endings[] = { ".jpg", ".jpeg", ".png" };
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot != NULL && i < sizeof(endings) / sizeof(*endings); i++) {
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int append(struct folder *folder, const char *name)
{
	char **longer = realloc(folder->name, (folder->count + 1) * sizeof(*longer));
	if (longer == NULL)
		return -ENOMEM;
	folder->name = longer;
	longer[folder->count] = strdup(name);
	if (longer[folder->count] == NULL)
		return -ENOMEM;
	folder->count++;
	return 0;
}

int folder_read(const char *path, struct folder *folder)
{
	*folder = (struct folder){ .count = 0 };
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -errno;
	int error = 0;
	const struct dirent *entry;
	while (error == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		if (is_picture(entry->d_name))
			error = append(folder, entry->d_name);
	}
	if (error == 0)
		error = -errno;
	closedir(dir);
	if (error < 0)
		folder_free(folder);
	else if (folder->count > 0)
		qsort(folder->name, folder->count, sizeof(*folder->name), by_name);
	return error;
}

void folder_free(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->name[i]);
	free(folder->name);
	*folder = (struct folder){ .count = 0 };
}

int folder_prepare(const char *path, const char *in)
{
	struct stat own, other;
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return -errno;
	if (stat(path, &own) < 0 || stat(in, &other) < 0)
		return -errno;
	if (!S_ISDIR(own.st_mode))
		return -ENOTDIR;
	return own.st_dev == other.st_dev && own.st_ino == other.st_ino ? -EINVAL : 0;
}
