/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of control groups. A line `@a/cpu.max` in the input begins the file of that name, which reaches to the next
 * such line; without them the whole input is proc_self_cgroup. What is found must be in a file that is there, and the
 * number of CPUs must be what quota and period give.
 */
#include "sys/cgroup.h"
#include "fuzz.h"
#include "memory_files.h"

#include <stdbool.h>

enum {
	FILES_MAX = 16
};

/* Cuts the text into files; each is what stands between two names. Returns: how many. */
static unsigned cut(char *text, size_t size, memory_file *files)
{
	unsigned count = 0;
	char *end = text + size;
	for (char *at = text; at < end;) {
		char *line_end = memchr(at, '\n', (size_t)(end - at));
		if (!line_end)
			line_end = end;
		if (*at == '@' && count < FILES_MAX) {
			if (count > 0)
				files[count - 1].size = (size_t)(at - files[count - 1].bytes);
			*line_end = '\0'; /* there is room behind the text */
			char *bytes = line_end < end ? line_end + 1 : end;
			files[count++] = (memory_file){ at + 1, bytes, (size_t)(end - bytes) };
		}
		at = line_end < end ? line_end + 1 : end;
	}
	if (count == 0)
		files[count++] = (memory_file){ "proc_self_cgroup", text, size };
	return count;
}

static bool is_there(const char *where, const memory_file *files, unsigned count)
{
	if (strlen(where) + 1 >= SK_CGROUP_WHERE_BYTES)
		return true; /* it may be cut */
	const char *name = where + strlen(MEMORY_ROOT);
	name += strspn(name, "/");
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(files[i].name, name) == 0)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memory_file files[FILES_MAX];
	char *text = malloc(size + 1);
	if (!text)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	unsigned count = cut(text, size, files);
	memory_files_set(files, count);

	sk_cgroup_quota quota = sk_cgroup_read(MEMORY_ROOT, NULL);
	FUZZ_REQUIRE(strnlen(quota.where, sizeof quota.where) < sizeof quota.where, "no end of the name");
	FUZZ_REQUIRE((quota.cpus > 0) == (quota.where[0] != '\0'), "%u CPUs by '%s'", quota.cpus, quota.where);
	if (quota.cpus > 0) {
		FUZZ_REQUIRE(quota.quota_us > 0 && quota.period_us > 0, "a zero in '%s'", quota.where);
		FUZZ_REQUIRE(quota.cpus == 1 + (quota.quota_us - 1) / quota.period_us, "%u CPUs by '%s'", quota.cpus,
		             quota.where);
		FUZZ_REQUIRE(is_there(quota.where, files, count), "there is no '%s'", quota.where);
	}
	memory_files_set(NULL, 0);
	free(text);
	return 0;
}
