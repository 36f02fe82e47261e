/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as it is, before any choice: its PUs, and the affinity of threads. This is the part of the topology that
 * has twins: topology_hwloc.c (SK_HWLOC 1) knows cores, caches and nodes; topology_flat.c (SK_HWLOC 0) takes each PU
 * for a core of its own, all equally near.
 *
 * Owner: the sk_topology that loaded it. Threads: after loading, read only. Used by topology*.c and nobody else.
 */
#ifndef SK_SYS_TOPOLOGY_MACHINE_H
#define SK_SYS_TOPOLOGY_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/topology.h"

typedef struct sk_machine_pu {
	sk_place place;
	bool in_mask;   /* the affinity mask of the loading thread has it */
	bool in_cpuset; /* the cpuset of the process has it */
} sk_machine_pu;

typedef struct sk_machine {
	sk_machine_pu *pu;      /* in the order of the tree: neighbours are near; PUs of a core are together */
	unsigned pu_count;
	unsigned offline_count; /* PUs that the kernel knows and does not run on */
	bool is_real;           /* this very machine, so threads can be bound */
	char source[32];        /* who says so */
	void *handle;           /* the twin's own */
} sk_machine;

/*
 * Returns: 0; -EINVAL the synthetic description makes no sense; -ENOMEM; another -errno. On failure the problem is
 * written (as sk_topology_load) and the machine needs no free.
 */
int sk_machine_load(sk_machine *machine, const char *synthetic, char *problem, size_t problem_bytes);
void sk_machine_free(sk_machine *machine);

/* Binds the calling thread to one PU of the real machine. Returns: 0 or -errno. */
int sk_machine_bind(const sk_machine *machine, int pu_os_index);

/* What sk_topology_affinity_save, _restore and _forget are made of: remember, give back, free. */
int sk_machine_affinity_save(const sk_machine *machine, sk_topology_affinity *saved);
int sk_machine_affinity_give(const sk_machine *machine, const sk_topology_affinity *saved);
void sk_machine_affinity_free(sk_topology_affinity *saved);

/* How workers are bound; the order is that of sk_topology_binding's names. */
typedef enum sk_topology_bind { SK_BIND_CORE, SK_BIND_PU, SK_BIND_NONE, SK_BIND_LIST } sk_topology_bind;

/* What sk_topology_load makes of machine and request; set once. */
struct sk_topology {
	sk_machine machine;
	sk_cgroup_quota quota;
	sk_topology_bind bind;
	bool quota_unbinds;        /* bind is NONE only because of the quota */
	bool workers_asked;        /* the request named a number */
	unsigned workers;
	unsigned usable_pus;
	unsigned usable_cores;
	unsigned wanted;           /* workers without quota and request */
	unsigned place_count;
	sk_place *places;          /* worker i has place i modulo place_count */
};

static inline bool sk_machine_pu_is_usable(const sk_machine_pu *pu)
{
	return pu->in_mask && pu->in_cpuset;
}

/*
 * The second half of sk_topology_load: chooses places on a machine that is already there, so that tests can invent
 * masks and cpusets too. The machine is taken over, also on failure. Returns: as sk_topology_load.
 */
int sk_topology_choose(sk_machine *machine, const sk_topology_request *request, sk_topology **out, char *problem,
		       size_t problem_bytes);

#endif
