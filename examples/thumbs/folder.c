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

/* The largest first, and equal ones by name, so that the order is the same each time. */
static int by_size(const void *a, const void *b)
{
	const struct folder_file *one = a, *other = b;
	int order = (one->bytes < other->bytes) - (one->bytes > other->bytes);
	return order != 0 ? order : strcmp(one->name, other->name);
}

static int append(struct folder *folder, DIR *dir, const char *name)
{
	struct folder_file *longer = realloc(folder->file, (folder->count + 1) * sizeof(*longer));
	if (longer == NULL)
		return -ENOMEM;
	folder->file = longer;
	char *copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	struct stat about;
	bool known = fstatat(dirfd(dir), name, &about, 0) == 0; /* if not, the reader will say why */
	longer[folder->count++] = (struct folder_file){ .name = copy, .bytes = known ? about.st_size : 0 };
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
			error = append(folder, dir, entry->d_name);
	}
	if (error == 0)
		error = -errno;
	closedir(dir);
	if (error < 0)
		folder_free(folder);
	else if (folder->count > 0)
		qsort(folder->file, folder->count, sizeof(*folder->file), by_size);
	return error;
}

void folder_free(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->file[i].name);
	free(folder->file);
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
