/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as the scheduler sees it: which worker belongs on which core, and which victims are near.
 *
 *     machine  --mask, cpuset-->  usable PUs  --SKUA_BIND-->  places in order  --SKUA_WORKERS, quota-->  workers
 *
 *   - A PU is what the kernel calls a CPU: a core, or one of its hardware threads. A place is a PU and where it lies.
 *   - Usable is a PU in the affinity mask of the thread that loads the topology (its new threads would inherit that
 *     mask) and in the cpuset of the process. The CPU quota of the control group forbids no core; it lowers the
 *     default number of workers, since more threads than quota are only throttled.
 *   - Places are compact: they fill an L3 and a NUMA node before the next one, the fastest kind of core first.
 *     With `core` they are the first usable PU of each core, then the second ones, and so on. More workers than places
 *     wrap around.
 *   - Workers that only a quota makes fewer than the usable cores are not bound unless SKUA_BIND asks for it: many
 *     containers share such a machine, and each of them would choose the same first cores.
 *   - An invented machine (synthetic) has places and rings like a real one, but nothing is bound. The mask and cpuset
 *     of the real machine do not count, and a quota only if its cgroup_root was named.
 *
 * Owner: who loads a topology frees it. Threads: a loaded topology never changes, so any number of threads may read it.
 * Nothing here is fast; it is for starting up. No atomic operations.
 */
#ifndef SK_SYS_TOPOLOGY_H
#define SK_SYS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/cgroup.h"

#define SK_TOPOLOGY_WORKERS_MAX 1024u
#define SK_TOPOLOGY_PROBLEM_BYTES 256 /* a problem text of this size is not cut in practice */

/*
 * Rings of victims, by distance from the thief. A machine may have several nodes in a package or several packages in
 * a node, so the two middle rings speak of both.
 */
enum {
	SK_RING_CACHE,  /* the same core, L2, or L3 of the same node */
	SK_RING_NEAR,   /* the same node and the same package (if the machine says which) */
	SK_RING_REGION, /* the same node or the same package */
	SK_RING_FAR,    /* the rest */
	SK_RINGS
};

/* Where a worker belongs. Everything is -1 where it is not known, or not one thing since the worker is not bound. */
typedef struct sk_place {
	int pu_os_index; /* the kernel's number of the PU */
	int core_index;  /* counted over the whole machine */
	int node;        /* NUMA node, the kernel's number */
	int package;     /* counted over the machine, as are the caches */
	int l2;
	int l3;
	int cpukind;     /* rank of the kind of core, 0 is the slowest; -1: all alike, or the order is unknown */
} sk_place;

typedef struct sk_topology_request {
	unsigned workers;        /* 0: one per usable core (bind pu: PU; list: entry), at most the quota */
	const char *bind;        /* core, pu, none, or a list of PUs like 0,2,4-7; NULL: core (but see the head) */
	const char *synthetic;   /* an invented machine in hwloc's words; NULL: the real one */
	const char *cgroup_root; /* where to look for quotas, see cgroup.h; NULL: SKUA_CGROUP_ROOT or /sys/fs/cgroup */
} sk_topology_request;

typedef struct sk_topology sk_topology;

/* The affinity of a thread, to be given back to it. */
typedef struct sk_topology_affinity {
	void *mask; /* NULL: nothing saved */
} sk_topology_affinity;

/*
 * Finds the machine and chooses a place for each worker.
 *
 * Returns: 0, and *out is to be freed; -EINVAL a setting makes no sense; -EPERM no usable core; -ENOMEM; another
 * -errno if the machine cannot be read. On failure *out is NULL and problem (may be NULL) says why in one line that
 * names setting and value; on success it is an empty string. Strings of the request are not kept.
 */
int sk_topology_load(const sk_topology_request *request, sk_topology **out, char *problem, size_t problem_bytes);
void sk_topology_free(sk_topology *topology); /* NULL is allowed */

/*
 * Reads a number of workers. Returns: 0; -EINVAL with a problem like `SKUA_WORKERS=abc: not a number from 1 to 1024`.
 */
int sk_topology_parse_workers(const char *text, unsigned *out, char *problem, size_t problem_bytes);

/* Fills the zero fields workers and bind from SKUA_WORKERS and SKUA_BIND (an empty variable counts as not set; the
 * bind string belongs to the environment). Returns: 0; -EINVAL as sk_topology_parse_workers. */
int sk_topology_request_environment(sk_topology_request *request, char *problem, size_t problem_bytes);

/* The number of workers, 1 to SK_TOPOLOGY_WORKERS_MAX. */
unsigned sk_topology_workers(const sk_topology *topology);

/* The place of a worker; lives as long as the topology. Undefined if: worker >= workers. */
const sk_place *sk_topology_place(const sk_topology *topology, unsigned worker);

/* The NUMA node on which the worker's memory belongs, or -1: not known, not bound, or an invented machine. */
int sk_topology_memory_node(const sk_topology *topology, unsigned worker);

/*
 * Writes all other workers into victims (room for workers - 1 entries), the nearest first, and into ring_end[r] the
 * index behind the last victim of ring r. Inside a ring, the order begins behind the worker itself and wraps around,
 * so that thieves that all begin at the front do not all meet at worker 0.
 *
 * Returns: the number of victims, which is ring_end[SK_RINGS - 1]. Undefined if: worker >= workers.
 */
int sk_topology_victims(const sk_topology *topology, unsigned worker, uint16_t *victims, unsigned ring_end[SK_RINGS]);

/* Distinct PUs that the workers are bound to; 0 if they are not bound. Fewer than workers: they are oversubscribed. */
unsigned sk_topology_bound_pus(const sk_topology *topology);

/*
 * Whether some worker cannot run while all others do: more workers than PUs they may run on, or than the quota pays
 * for. Then a worker that spins takes time from one that works.
 */
bool sk_topology_is_oversubscribed(const sk_topology *topology);

/* Usable cores. Fewer than workers: some workers share a core. */
unsigned sk_topology_usable_cores(const sk_topology *topology);

/*
 * Binds the calling thread to the worker's place; does nothing if workers are not bound or the machine is invented.
 *
 * Returns: 0, or -errno (-ENOSYS: this system cannot bind). A failure is no reason not to run.
 */
int sk_topology_bind_thread(const sk_topology *topology, unsigned worker);

/*
 * Remembers the affinity of the calling thread, and gives it back. Between the two lies a bind_thread. Restore frees
 * what save remembered, also when it fails; it is called once, by the same thread, with the same topology.
 *
 * Returns: 0 or -errno. After a failed save, restore does nothing.
 */
int sk_topology_affinity_save(const sk_topology *topology, sk_topology_affinity *saved);
int sk_topology_affinity_restore(const sk_topology *topology, sk_topology_affinity *saved);

/* Frees what save remembered, without giving it back: for when the thread that saved is gone. */
void sk_topology_affinity_forget(sk_topology_affinity *saved);

/* Who described the machine: "hwloc 2.9.0", "flat". */
const char *sk_topology_source(const sk_topology *topology);

/* How workers are bound: "core", "pu", "list", "none". */
const char *sk_topology_binding(const sk_topology *topology);

/* The CPU quota that was found; cpus 0: none. */
const sk_cgroup_quota *sk_topology_quota(const sk_topology *topology);

/* Prints the machine as an indented tree, then the usable cores, then why the others are not used. */
void sk_topology_describe(const sk_topology *topology, FILE *out);

#endif
