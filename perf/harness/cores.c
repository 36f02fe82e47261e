/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the cores to pin to, from the affinity mask and sysfs. Shared by the kernels and the driver; owns no data.
 */
#include "kernel.h"

#include <sched.h>
#include <stdio.h>

enum {
	CPU_MAX = 4096
};

/* Whether a lower hardware thread of the same core is usable too; without sysfs every one counts as a core. */
static int has_lower_sibling(int cpu, const cpu_set_t *usable)
{
	char path[96];
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	int found = 0;
	int first;
	while (!found && fscanf(file, "%d", &first) == 1) {
		int last = first;
		int c = fgetc(file);
		if (c == '-' && fscanf(file, "%d", &last) == 1)
			c = fgetc(file);
		for (int other = first; other <= last && other < cpu; other++)
			found |= CPU_ISSET_S((size_t)other, CPU_ALLOC_SIZE(CPU_MAX), usable);
		if (c != ',')
			break;
	}
	fclose(file);
	return found;
}

unsigned kernel_cores(int *cpu, unsigned max)
{
	unsigned count = 0;
	size_t bytes = CPU_ALLOC_SIZE(CPU_MAX);
	cpu_set_t *usable = CPU_ALLOC(CPU_MAX);
	if (usable && sched_getaffinity(0, bytes, usable) == 0) {
		for (int c = 0; c < CPU_MAX; c++) {
			if (!CPU_ISSET_S((size_t)c, bytes, usable) || has_lower_sibling(c, usable))
				continue;
			if (count < max)
				cpu[count] = c;
			count++;
		}
	}
	CPU_FREE(usable);
	return count;
}
