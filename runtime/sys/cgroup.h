/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU quota of the control group: how many CPUs' worth of time the process may use, whatever the cores it may run
 * on. Containers are limited in this way.
 *
 * A quota may be set at each level from the process's group up to the root, by version 2 (cpu.max) or version 1
 * (cpu.cfs_quota_us over cpu.cfs_period_us); each of them holds, so the smallest counts. A container often sees its
 * own group as the root of the file system although /proc/self/cgroup still tells the path on the host; so leading
 * parts of that path are dropped until the directory exists.
 *
 *     <root>/            version 2: <root>/<path>/cpu.max, or <root>/unified/<path>/cpu.max beside version 1
 *     <root>/cpu/        version 1: <root>/<controllers>/<path>/cpu.cfs_quota_us, as for instance cpu,cpuacct
 *
 * Owner: nothing is kept. Threads: any thread may call. It cannot fail: what cannot be read or makes no sense is no
 * limit, because a wrong limit would be worse than none. On systems without /proc there is none.
 */
#ifndef SK_SYS_CGROUP_H
#define SK_SYS_CGROUP_H

#include <stdint.h>

#define SK_CGROUP_WHERE_BYTES 512

typedef struct sk_cgroup_quota {
	unsigned cpus;     /* quota / period, rounded up, at least 1; 0: no quota */
	uint64_t quota_us; /* of each period_us */
	uint64_t period_us;
	char where[SK_CGROUP_WHERE_BYTES]; /* the file that says so (cut if it is very long), or an empty string */
} sk_cgroup_quota;

/*
 * Looks for the smallest quota.
 *
 * root: the directory where control groups are mounted; NULL: the environment variable SKUA_CGROUP_ROOT, or else
 * /sys/fs/cgroup. proc_self_cgroup: the file that says in which groups the process is; NULL: <root>/proc_self_cgroup if
 * a root was given by either of the two ways, so that a directory can fake all of it, else /proc/self/cgroup.
 */
sk_cgroup_quota sk_cgroup_read(const char *root, const char *proc_self_cgroup);

#endif
