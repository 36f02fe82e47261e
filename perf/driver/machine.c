/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what has to be said about the machine and the sources. Whatever cannot be found out reads "unknown". */
#include "bench.h"

#include "../harness/kernel.h"

#include <ctype.h>
#include <glob.h>
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>

static void strip(char *text)
{
	size_t length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
}

/* The first line of a stream, without its end. */
static void first_line(FILE *from, char *out, size_t size)
{
	if (!from || !fgets(out, (int)size, from) || !*out)
		snprintf(out, size, "unknown");
	strip(out);
}

static void read_cpu(char *out, size_t size)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "r");
	snprintf(out, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');
		if (colon && (strncmp(line, "model name", 10) == 0 || strncmp(line, "CPU part", 8) == 0)) {
			snprintf(out, size, "%s", colon + 2);
			break;
		}
	}
	strip(out);
	if (file)
		fclose(file);
}

static size_t glob_count(const char *pattern)
{
	glob_t found;
	size_t count = 0;
	if (glob(pattern, 0, NULL, &found) == 0)
		count = found.gl_pathc;
	globfree(&found);
	return count;
}

static void read_cache(int index, char *out, size_t size)
{
	char path[96];
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
	FILE *file = fopen(path, "r");
	first_line(file, out, size);
	if (file)
		fclose(file);
}

static void read_topology(machine *m)
{
	char l2[16];
	char l3[16];
	cpu_set_t usable;
	int threads = sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 0;
	m->cores = kernel_cores(NULL, 0);
	if (m->cores == 0)
		m->cores = 1;
	read_cache(2, l2, sizeof(l2));
	read_cache(3, l3, sizeof(l3));
	snprintf(m->topology, sizeof(m->topology), "%u usable cores, %d hardware threads, %zu NUMA nodes, L2 %s, L3 %s",
	         m->cores, threads, glob_count("/sys/devices/system/node/node[0-9]*"), l2, l3);
}

void machine_read(machine *m)
{
	struct utsname system;
	read_cpu(m->cpu, sizeof(m->cpu));
	if (uname(&system) == 0)
		snprintf(m->kernel, sizeof(m->kernel), "%.16s %.64s %.32s", system.sysname, system.release,
		         system.machine);
	else
		snprintf(m->kernel, sizeof(m->kernel), "unknown");
	read_topology(m);
	FILE *git = popen(
	        "git --no-optional-locks -C '" BENCH_SOURCE_DIR "' describe --always --dirty --tags 2>/dev/null", "r");
	first_line(git, m->commit, sizeof(m->commit));
	if (git)
		pclose(git);
}
