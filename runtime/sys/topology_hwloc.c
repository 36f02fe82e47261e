/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine through hwloc (the twin of topology_flat.c, which needs no library).
 *
 * What is needed to choose places is copied out of hwloc's tree at once. The tree itself is kept as long as the
 * machine, because hwloc binds threads only by one; it is asked to leave out everything else (devices, distances,
 * small caches), and its readers may be concurrent. hwloc is told not to move the loading thread from core to core
 * while it looks: a start must not disturb the program's own binding.
 *
 * Threads: see topology_machine.h.
 */
#if SK_HWLOC

#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology_machine.h"

#if HWLOC_API_VERSION < 0x00020000
#error "hwloc 2.0 or later is needed; configure without hwloc to use the flat topology"
#endif

/* What hwloc need not look for. Flags came one by one, and none of them changes what is copied out. */
static unsigned long load_flags(void)
{
	unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED;
#if HWLOC_API_VERSION >= 0x00020500 && defined(__linux__)
	flags |= HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING;
#endif
#if HWLOC_API_VERSION >= 0x00020800
	flags |= HWLOC_TOPOLOGY_FLAG_NO_DISTANCES | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS;
#endif
	return flags;
}

static int load_tree(hwloc_topology_t *out, const char *synthetic, char *problem, size_t problem_bytes)
{
	hwloc_topology_t tree;
	if (hwloc_topology_init(&tree) < 0) {
		snprintf(problem, problem_bytes, "hwloc cannot be started: out of memory");
		return -ENOMEM;
	}
	if (synthetic && hwloc_topology_set_synthetic(tree, synthetic) < 0) {
		snprintf(problem, problem_bytes, "synthetic=%.120s: hwloc does not understand this machine", synthetic);
		hwloc_topology_destroy(tree);
		return -EINVAL;
	}
	/* A filter or flag that this hwloc does not know is no harm: it only looks at more than it needs to. */
	hwloc_topology_set_type_filter(tree, HWLOC_OBJ_L1CACHE, HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_icache_types_filter(tree, HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_flags(tree, load_flags());
	if (hwloc_topology_load(tree) < 0) {
		int error = errno ? errno : EIO;
		snprintf(problem, problem_bytes, "hwloc cannot read the machine: error %d", error);
		hwloc_topology_destroy(tree);
		return -error;
	}
	*out = tree;
	return 0;
}

/* The number, counted over the machine, of the object of this type around the PU, or -1. */
static int around(hwloc_topology_t tree, hwloc_obj_type_t type, hwloc_obj_t pu)
{
	hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(tree, type, pu);
	return object ? (int)object->logical_index : -1;
}

/*
 * The kernel's number of the PU's NUMA node: the smallest node around it, and among equals the first, since memories
 * of other kinds at the same cores (high bandwidth, for instance) come behind the normal one.
 */
static int nearest_node(hwloc_topology_t tree, hwloc_obj_t pu)
{
	hwloc_obj_t best = NULL;
	int best_weight = 0;
	for (hwloc_obj_t node = hwloc_get_next_obj_by_type(tree, HWLOC_OBJ_NUMANODE, NULL); node;
	     node = hwloc_get_next_obj_by_type(tree, HWLOC_OBJ_NUMANODE, node)) {
		if (!hwloc_bitmap_isset(node->cpuset, pu->os_index))
			continue;
		int weight = hwloc_bitmap_weight(node->cpuset);
		if (!best || weight < best_weight) {
			best = node;
			best_weight = weight;
		}
	}
	return best ? (int)best->os_index : -1;
}

/* Ranks are told only if there are several kinds whose order hwloc knows. */
static int cpukind(hwloc_topology_t tree, hwloc_obj_t pu)
{
#if HWLOC_API_VERSION >= 0x00020400
	if (hwloc_cpukinds_get_nr(tree, 0) < 2)
		return -1;
	int kind = hwloc_cpukinds_get_by_cpuset(tree, pu->cpuset, 0);
	int efficiency = -1;
	if (kind < 0 || hwloc_cpukinds_get_info(tree, (unsigned)kind, NULL, &efficiency, NULL, NULL, 0) < 0)
		return -1;
	return efficiency;
#else
	(void)tree;
	(void)pu;
	return -1;
#endif
}

static void copy_pu(sk_machine_pu *out, hwloc_topology_t tree, hwloc_obj_t pu, hwloc_const_cpuset_t mask)
{
	hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(tree, HWLOC_OBJ_CORE, pu);
	out->place.pu_os_index = (int)pu->os_index;
	out->place.core_index = (int)(core ? core->logical_index : pu->logical_index);
	out->place.node = nearest_node(tree, pu);
	out->place.package = around(tree, HWLOC_OBJ_PACKAGE, pu);
	out->place.l2 = around(tree, HWLOC_OBJ_L2CACHE, pu);
	out->place.l3 = around(tree, HWLOC_OBJ_L3CACHE, pu);
	out->place.cpukind = cpukind(tree, pu);
	out->in_mask = !mask || hwloc_bitmap_isset(mask, pu->os_index);
	out->in_cpuset = hwloc_bitmap_isset(hwloc_topology_get_allowed_cpuset(tree), pu->os_index);
}

/* The mask of the calling thread; NULL if it does not matter, or the system has no such thing. */
static hwloc_bitmap_t affinity_mask(hwloc_topology_t tree)
{
	hwloc_bitmap_t mask = hwloc_topology_is_thissystem(tree) ? hwloc_bitmap_alloc() : NULL;
	if (mask && hwloc_get_cpubind(tree, mask, HWLOC_CPUBIND_THREAD) < 0) {
		hwloc_bitmap_free(mask);
		mask = NULL;
	}
	return mask;
}

static int copy_machine(sk_machine *machine, hwloc_topology_t tree)
{
	int count = hwloc_get_nbobjs_by_type(tree, HWLOC_OBJ_PU);
	if (count < 1)
		return -EIO;
	machine->pu = calloc((size_t)count, sizeof machine->pu[0]);
	if (!machine->pu)
		return -ENOMEM;
	hwloc_bitmap_t mask = affinity_mask(tree);
	for (int i = 0; i < count; i++)
		copy_pu(&machine->pu[i], tree, hwloc_get_obj_by_type(tree, HWLOC_OBJ_PU, (unsigned)i), mask);
	hwloc_bitmap_free(mask);

	int known = hwloc_bitmap_weight(hwloc_topology_get_complete_cpuset(tree));
	machine->pu_count = (unsigned)count;
	machine->offline_count = known > count ? (unsigned)(known - count) : 0;
	machine->is_real = hwloc_topology_is_thissystem(tree);
	snprintf(machine->source, sizeof machine->source, "hwloc %s", HWLOC_VERSION);
	return 0;
}

int sk_machine_load(sk_machine *machine, const char *synthetic, char *problem, size_t problem_bytes)
{
	hwloc_topology_t tree = NULL;
	memset(machine, 0, sizeof *machine);
	int error = load_tree(&tree, synthetic, problem, problem_bytes);
	if (error < 0)
		return error;
	error = copy_machine(machine, tree);
	if (error < 0) {
		snprintf(problem, problem_bytes, error == -ENOMEM ? "out of memory" : "hwloc finds no PU");
		hwloc_topology_destroy(tree);
		return error;
	}
	machine->handle = tree;
	return 0;
}

void sk_machine_free(sk_machine *machine)
{
	free(machine->pu);
	if (machine->handle)
		hwloc_topology_destroy(machine->handle);
	memset(machine, 0, sizeof *machine);
}

/* hwloc reports failures in errno; 0 there would read as success. */
static int failure(void)
{
	return errno ? -errno : -EIO;
}

int sk_machine_bind(const sk_machine *machine, int pu_os_index)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	if (!set)
		return -ENOMEM;
	int result = 0;
	if (hwloc_bitmap_only(set, (unsigned)pu_os_index) < 0)
		result = -ENOMEM;
	else if (hwloc_set_cpubind(machine->handle, set, HWLOC_CPUBIND_THREAD) < 0)
		result = failure();
	hwloc_bitmap_free(set);
	return result;
}

int sk_machine_affinity_save(const sk_machine *machine, sk_topology_affinity *saved)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	saved->mask = NULL;
	if (!set)
		return -ENOMEM;
	if (hwloc_get_cpubind(machine->handle, set, HWLOC_CPUBIND_THREAD) < 0) {
		int error = failure();
		hwloc_bitmap_free(set);
		return error;
	}
	saved->mask = set;
	return 0;
}

int sk_machine_affinity_give(const sk_machine *machine, const sk_topology_affinity *saved)
{
	return hwloc_set_cpubind(machine->handle, saved->mask, HWLOC_CPUBIND_THREAD) < 0 ? failure() : 0;
}

void sk_machine_affinity_free(sk_topology_affinity *saved)
{
	hwloc_bitmap_free(saved->mask);
	saved->mask = NULL;
}

#else
/* ISO C wants at least one declaration in a file. */
typedef int sk_topology_hwloc_is_not_built;
#endif
