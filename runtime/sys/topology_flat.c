/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine without hwloc (the twin of topology_hwloc.c): as many PUs as the kernel tells, each of them taken for a
 * core of its own, on no known node, all equally far from each other. That costs locality and counts hardware threads
 * as cores; everything else works the same.
 *
 * Invented machines are read from the plain part of hwloc's words, `type:count` from the outside in, so that what is
 * tested with them is tested in both builds.
 *
 * Threads: see topology_machine.h. Binding is Linux only; elsewhere it answers -ENOSYS.
 */
#if !SK_HWLOC

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

#include "sys/topology_machine.h"

#define SYNTHETIC_PUS_MAX 65536u

/* The levels of an invented machine that a place has a field for; others (groups, dies) only multiply. */
enum { LEVEL_PACKAGE, LEVEL_NODE, LEVEL_L3, LEVEL_L2, LEVEL_CORE, LEVEL_PU, LEVEL_OTHER };
#define SYNTHETIC_LEVELS_MAX 16u

typedef struct synthetic_level {
	int kind;
	unsigned count; /* of children below each parent */
} synthetic_level;

static int level_kind(const char *name, size_t length)
{
	static const struct {
		const char *name;
		int kind;
	} known[] = {
		{ "package", LEVEL_PACKAGE }, { "pack", LEVEL_PACKAGE }, { "socket", LEVEL_PACKAGE },
		{ "numa", LEVEL_NODE }, { "node", LEVEL_NODE }, { "numanode", LEVEL_NODE },
		{ "l3", LEVEL_L3 }, { "l3cache", LEVEL_L3 }, { "l2", LEVEL_L2 },
		{ "l2cache", LEVEL_L2 }, { "core", LEVEL_CORE }, { "pu", LEVEL_PU },
		{ "group", LEVEL_OTHER }, { "die", LEVEL_OTHER }, { "l1", LEVEL_OTHER },
		{ "l4", LEVEL_OTHER },
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0)
			return known[i].kind;
	}
	return -1;
}

/* Reads `type:count type:count ... pu:count`. Returns the number of levels, 0 if it makes no sense. */
static unsigned parse_synthetic(const char *text, synthetic_level levels[SYNTHETIC_LEVELS_MAX], unsigned *pu_count)
{
	unsigned depth = 0;
	unsigned long total = 1;
	while (*(text += strspn(text, " "))) {
		size_t length = strcspn(text, ": ");
		const char *number = text + length + 1;
		char *end;
		if (depth == SYNTHETIC_LEVELS_MAX || text[length] != ':' || *number < '0' || *number > '9')
			return 0;
		int kind = level_kind(text, length);
		unsigned long count = strtoul(number, &end, 10);
		bool below_pu = depth > 0 && levels[depth - 1].kind == LEVEL_PU;
		if (below_pu || kind < 0 || (*end && *end != ' ') || count == 0 || count > SYNTHETIC_PUS_MAX / total)
			return 0;
		levels[depth].kind = kind;
		levels[depth++].count = (unsigned)count;
		total *= count;
		text = end;
	}
	*pu_count = (unsigned)total;
	return depth && levels[depth - 1].kind == LEVEL_PU ? depth : 0;
}

/* The place of the PU: its index divided by the number of PUs in each level's object is that object's number. */
static sk_place synthetic_place(const synthetic_level *levels, unsigned depth, unsigned pu)
{
	sk_place place = { (int)pu, (int)pu, -1, -1, -1, -1, -1 };
	unsigned below = 1;
	for (unsigned d = depth; d-- > 0; below *= levels[d].count) {
		int number = (int)(pu / below);
		switch (levels[d].kind) {
		case LEVEL_PACKAGE:
			place.package = number;
			break;
		case LEVEL_NODE:
			place.node = number;
			break;
		case LEVEL_L3:
			place.l3 = number;
			break;
		case LEVEL_L2:
			place.l2 = number;
			break;
		case LEVEL_CORE:
			place.core_index = number;
			break;
		default:
			break;
		}
	}
	if (place.node < 0)
		place.node = 0; /* as hwloc: a machine has memory somewhere */
	return place;
}

static int load_synthetic(sk_machine *machine, const char *text)
{
	synthetic_level levels[SYNTHETIC_LEVELS_MAX];
	unsigned depth = parse_synthetic(text, levels, &machine->pu_count);
	if (depth == 0)
		return -EINVAL;
	machine->pu = calloc(machine->pu_count, sizeof machine->pu[0]);
	if (!machine->pu)
		return -ENOMEM;
	for (unsigned i = 0; i < machine->pu_count; i++)
		machine->pu[i] = (sk_machine_pu){ synthetic_place(levels, depth, i), true, true };
	return 0;
}

#ifdef __linux__

/* A mask of a size that the kernel accepts: it refuses one that is smaller than its own, which no call tells. */
typedef struct flat_mask {
	size_t bytes;
	cpu_set_t *set;
} flat_mask;

static flat_mask *read_mask(int *error)
{
	flat_mask *mask = malloc(sizeof *mask);
	for (unsigned cpus = CPU_SETSIZE; mask && cpus <= 1u << 20; cpus *= 2) {
		mask->bytes = CPU_ALLOC_SIZE(cpus);
		mask->set = CPU_ALLOC(cpus);
		if (!mask->set)
			break;
		if (sched_getaffinity(0, mask->bytes, mask->set) == 0)
			return mask;
		*error = -errno;
		CPU_FREE(mask->set);
		if (*error != -EINVAL) {
			free(mask);
			return NULL;
		}
	}
	free(mask);
	*error = -ENOMEM;
	return NULL;
}

static void free_mask(flat_mask *mask)
{
	CPU_FREE(mask->set);
	free(mask);
}

/*
 * One more than the last PU in the kernel's list, which is like `0-3,6`; 0 if it cannot be read. sysconf is not enough:
 * musl's counts the affinity mask.
 */
static unsigned read_present(void)
{
	unsigned last, count = 0;
	FILE *file = fopen("/sys/devices/system/cpu/present", "re");
	while (file && fscanf(file, "%u", &last) == 1) {
		count = last + 1;
		fgetc(file); /* a dash or a comma */
	}
	if (file)
		fclose(file);
	return count;
}

static int load_real(sk_machine *machine)
{
	int error = 0;
	flat_mask *mask = read_mask(&error);
	if (!mask)
		return error;
	long configured = sysconf(_SC_NPROCESSORS_CONF);
	unsigned count = configured > 0 ? (unsigned)configured : 1;
	unsigned present = read_present();
	if (count < present)
		count = present;
	for (unsigned i = count; i < mask->bytes * CHAR_BIT; i++) {
		if (CPU_ISSET_S(i, mask->bytes, mask->set))
			count = i + 1;
	}
	machine->pu = calloc(count, sizeof machine->pu[0]);
	if (machine->pu) {
		machine->pu_count = count;
		machine->is_real = true;
		for (unsigned i = 0; i < count; i++) {
			sk_place place = { (int)i, (int)i, -1, -1, -1, -1, -1 };
			/* The kernel has already taken the cpuset out of the mask; here they are one. */
			machine->pu[i] = (sk_machine_pu){ place, CPU_ISSET_S(i, mask->bytes, mask->set), true };
		}
	}
	free_mask(mask);
	return machine->pu ? 0 : -ENOMEM;
}

int sk_machine_bind(const sk_machine *machine, int pu_os_index)
{
	(void)machine;
	size_t bytes = CPU_ALLOC_SIZE((size_t)pu_os_index + 1);
	cpu_set_t *set = CPU_ALLOC((size_t)pu_os_index + 1);
	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(bytes, set);
	CPU_SET_S((size_t)pu_os_index, bytes, set);
	int result = sched_setaffinity(0, bytes, set) == 0 ? 0 : -errno;
	CPU_FREE(set);
	return result;
}

int sk_machine_affinity_save(const sk_machine *machine, sk_topology_affinity *saved)
{
	(void)machine;
	int error = 0;
	saved->mask = read_mask(&error);
	return saved->mask ? 0 : error;
}

int sk_machine_affinity_give(const sk_machine *machine, const sk_topology_affinity *saved)
{
	(void)machine;
	const flat_mask *mask = saved->mask;
	return sched_setaffinity(0, mask->bytes, mask->set) == 0 ? 0 : -errno;
}

void sk_machine_affinity_free(sk_topology_affinity *saved)
{
	free_mask(saved->mask);
	saved->mask = NULL;
}

#else

static int load_real(sk_machine *machine)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	machine->pu_count = online > 0 ? (unsigned)online : 1;
	machine->pu = calloc(machine->pu_count, sizeof machine->pu[0]);
	if (!machine->pu)
		return -ENOMEM;
	for (unsigned i = 0; i < machine->pu_count; i++)
		machine->pu[i] = (sk_machine_pu){ { (int)i, (int)i, -1, -1, -1, -1, -1 }, true, true };
	machine->is_real = true;
	return 0;
}

int sk_machine_bind(const sk_machine *machine, int pu_os_index)
{
	(void)machine;
	(void)pu_os_index;
	return -ENOSYS;
}

int sk_machine_affinity_save(const sk_machine *machine, sk_topology_affinity *saved)
{
	(void)machine;
	saved->mask = NULL;
	return -ENOSYS;
}

int sk_machine_affinity_give(const sk_machine *machine, const sk_topology_affinity *saved)
{
	(void)machine;
	(void)saved;
	return -ENOSYS;
}

void sk_machine_affinity_free(sk_topology_affinity *saved)
{
	(void)saved;
}

#endif

int sk_machine_load(sk_machine *machine, const char *synthetic, char *problem, size_t problem_bytes)
{
	memset(machine, 0, sizeof *machine);
	snprintf(machine->source, sizeof machine->source, "flat");
	int error = synthetic ? load_synthetic(machine, synthetic) : load_real(machine);
	if (error == -EINVAL && synthetic)
		snprintf(problem, problem_bytes,
			 "synthetic=%.120s: not a machine like `package:2 core:4 pu:2` of at most %u PUs", synthetic,
			 SYNTHETIC_PUS_MAX);
	else if (error < 0)
		snprintf(problem, problem_bytes, error == -ENOMEM ? "out of memory" : "cannot read the affinity mask");
	return error;
}

void sk_machine_free(sk_machine *machine)
{
	free(machine->pu);
	memset(machine, 0, sizeof *machine);
}

#else
/* ISO C wants at least one declaration in a file. */
typedef int sk_topology_flat_is_not_built;
#endif
