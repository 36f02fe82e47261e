/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading CPU quotas (see cgroup.h for where they are looked for). Each line of /proc/self/cgroup is
 * `number:controllers:path`; version 2 is the line without controllers, version 1 the one that has `cpu` among them.
 * Plain reads into buffers on the stack; a path that does not fit is treated as one that does not exist.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/cgroup.h"

#define PATH_BYTES 4096
#define LINE_BYTES 4608 /* a path and the controllers before it */
/* More than this, thousands of CPUs, limits nobody, and the product of two such numbers fits into 64 bits. */
#define MICROSECONDS_MAX UINT32_MAX

/* Reads the first line of directory/name without its end. Returns: whether there is one. */
static bool read_line(const char *directory, const char *name, char *line, size_t bytes)
{
	char path[PATH_BYTES];
	int length = snprintf(path, sizeof path, "%s/%s", directory, name);
	if (length < 0 || (size_t)length >= sizeof path)
		return false;
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool have = fgets(line, (int)bytes, file) != NULL;
	fclose(file);
	if (have)
		line[strcspn(line, "\n")] = '\0';
	return have;
}

/* Reads a positive number and moves *text behind it. */
static bool read_microseconds(const char **text, uint64_t *out)
{
	char *end;
	if (**text < '0' || **text > '9')
		return false;
	unsigned long long number = strtoull(*text, &end, 10);
	*text = end;
	*out = number;
	return number > 0 && number <= MICROSECONDS_MAX;
}

/* `200000 100000`; `max 100000` is no limit. */
static bool read_version_2(const char *directory, uint64_t *quota_us, uint64_t *period_us)
{
	char line[128];
	const char *at = line;
	if (!read_line(directory, "cpu.max", line, sizeof line))
		return false;
	return read_microseconds(&at, quota_us) && *at++ == ' ' && read_microseconds(&at, period_us) && !*at;
}

/* One number in each of two files; a quota of -1 is no limit. */
static bool read_version_1(const char *directory, uint64_t *quota_us, uint64_t *period_us)
{
	char quota[64], period[64];
	const char *quota_at = quota, *period_at = period;
	if (!read_line(directory, "cpu.cfs_quota_us", quota, sizeof quota) ||
	    !read_line(directory, "cpu.cfs_period_us", period, sizeof period))
		return false;
	return read_microseconds(&quota_at, quota_us) && !*quota_at && read_microseconds(&period_at, period_us) &&
	       !*period_at;
}

static void keep_smaller(sk_cgroup_quota *best, uint64_t quota_us, uint64_t period_us, const char *directory,
			 const char *name)
{
	/* quota / period >= best.quota / best.period, exactly */
	if (best->cpus > 0 && quota_us * best->period_us >= best->quota_us * period_us)
		return;
	best->cpus = (unsigned)((quota_us + period_us - 1) / period_us);
	best->quota_us = quota_us;
	best->period_us = period_us;
	int length = snprintf(best->where, sizeof best->where, "%s/%s", directory, name);
	if (length < 0)
		best->where[0] = '\0';
}

static bool is_directory(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/*
 * Looks at the group and all those above it, up to the mount. The path may begin with parts that only the host has;
 * they are dropped until the rest exists. A path that leads out of the mount (`/..`, as a cgroup namespace shows
 * groups outside of it) is only looked at from the mount itself.
 */
static void walk_up(sk_cgroup_quota *best, const char *mount, const char *group, bool is_version_2)
{
	char directory[PATH_BYTES];
	size_t mount_length = strlen(mount);
	if (strncmp(group, "/..", 3) == 0 && (group[3] == '/' || !group[3]))
		group = "";
	for (;; group += 1 + strcspn(group + 1, "/")) {
		int length = snprintf(directory, sizeof directory, "%s%s", mount, group);
		if (length > 0 && (size_t)length < sizeof directory && is_directory(directory))
			break;
		if (!*group)
			return;
	}
	for (;;) {
		uint64_t quota_us, period_us;
		bool found = is_version_2 ? read_version_2(directory, &quota_us, &period_us)
					  : read_version_1(directory, &quota_us, &period_us);
		const char *name = is_version_2 ? "cpu.max" : "cpu.cfs_quota_us";
		if (found)
			keep_smaller(best, quota_us, period_us, directory, name);
		char *last = strrchr(directory + mount_length, '/');
		if (!last)
			return;
		*last = '\0';
	}
}

/* Whether the comma-separated list has `cpu` (not `cpuset`, not `cpuacct`). */
static bool has_cpu(const char *controllers)
{
	for (const char *at = controllers;; at++) {
		size_t length = strcspn(at, ",");
		if (length == 3 && memcmp(at, "cpu", 3) == 0)
			return true;
		at += length;
		if (!*at)
			return false;
	}
}

static void walk_mount(sk_cgroup_quota *best, const char *root, const char *name, const char *group)
{
	char mount[PATH_BYTES];
	int length = snprintf(mount, sizeof mount, "%s%s%s", root, *name ? "/" : "", name);
	bool is_version_2 = !*name || strcmp(name, "unified") == 0;
	if (length > 0 && (size_t)length < sizeof mount)
		walk_up(best, mount, group, is_version_2);
}

/* One line of /proc/self/cgroup, which is cut to pieces here. */
static void read_group(sk_cgroup_quota *best, const char *root, char *line)
{
	char *controllers = strchr(line, ':');
	char *group = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!group || group[1] != '/')
		return;
	*controllers++ = '\0';
	*group++ = '\0';
	if (!group[1])
		group = group + 1; /* the root group: an empty path below the mount */
	if (!*controllers) {
		walk_mount(best, root, "", group);
		walk_mount(best, root, "unified", group);
	} else if (has_cpu(controllers) && !strchr(controllers, '/')) {
		walk_mount(best, root, controllers, group);
		if (strcmp(controllers, "cpu") != 0)
			walk_mount(best, root, "cpu", group);
	}
}

/* The path of the file that says in which groups the process is. Returns: whether it fits. */
static bool find_groups(char path[PATH_BYTES], const char *faked_root, const char *proc_self_cgroup)
{
	int length;
	if (faked_root && !proc_self_cgroup)
		length = snprintf(path, PATH_BYTES, "%s/proc_self_cgroup", faked_root);
	else
		length = snprintf(path, PATH_BYTES, "%s", proc_self_cgroup ? proc_self_cgroup : "/proc/self/cgroup");
	return length > 0 && length < PATH_BYTES;
}

sk_cgroup_quota sk_cgroup_read(const char *root, const char *proc_self_cgroup)
{
	sk_cgroup_quota best = { 0 };
	char line[LINE_BYTES], path[PATH_BYTES];
	if (!root)
		root = getenv("SKUA_CGROUP_ROOT");
	if (root && !*root)
		root = NULL;
	FILE *file = find_groups(path, root, proc_self_cgroup) ? fopen(path, "re") : NULL;
	if (!file)
		return best;
	bool is_begin = true;
	while (fgets(line, sizeof line, file)) {
		/* A line that does not fit comes in pieces; none of them is looked at. */
		size_t end = strcspn(line, "\n");
		bool is_end = line[end] == '\n' || feof(file);
		line[end] = '\0';
		if (is_begin && is_end)
			read_group(&best, root ? root : "/sys/fs/cgroup", line);
		is_begin = is_end;
	}
	fclose(file);
	return best;
}
