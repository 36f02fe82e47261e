/* SPDX-License-Identifier: Apache-2.0 */
/* What a topology is loaded from: words, a group that the environment names; and what becomes of it without memory. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/topology.h"

#define NO_QUOTA "/nonexistent"
#define EIGHT "group:1 group:1 group:1 group:1 group:1 group:1 group:1 group:1 "
#define DEEP EIGHT EIGHT "pu:2" /* one level more than there may be */

static char problem[SK_TOPOLOGY_PROBLEM_BYTES];

/* The linker has calloc called here (--wrap): so many calls succeed before one fails. */
static int calls_before_failure = -1;
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
	return calls_before_failure >= 0 && calls_before_failure-- == 0 ? NULL : __real_calloc(count, bytes);
}

/* The words of the twin without hwloc, which understands more. */
Test(topology_load, words_that_make_no_machine_are_refused)
{
	static const char *const bad[] = { "",
		                           "core",
		                           "core:",
		                           "core:x",
		                           "core:-1",
		                           "core:4",
		                           "pu:1 pu:2",
		                           "core:4x pu:1",
		                           "core:0 pu:1",
		                           "core:65536 pu:2",
		                           "core:2:pu",
		                           "kore:1 pu:1",
		                           DEEP };
	char expected[256];
	if (SK_HWLOC)
		cr_skip("hwloc reads them");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		sk_topology_request request = { .synthetic = bad[i], .cgroup_root = NO_QUOTA };
		sk_topology *topology;
		snprintf(expected, sizeof expected,
		         "synthetic=%.120s: not a machine like `package:2 core:4 pu:2` of at most 65536 PUs", bad[i]);
		cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), -EINVAL, "%s", bad[i]);
		cr_assert_null(topology);
		cr_assert_str_eq(problem, expected);
	}
}

Test(topology_load, without_memory_there_is_no_topology)
{
	static const char *const machines[] = { "core:2 pu:1", NULL };
	for (unsigned i = 0; i < 2; i++) {
		sk_topology_request request = { .synthetic = machines[i], .bind = "core", .cgroup_root = NO_QUOTA };
		sk_topology *topology;
		int error, calls = -1;
		do {
			calls_before_failure = ++calls;
			error = sk_topology_load(&request, &topology, problem, sizeof problem);
			if (error < 0) {
				cr_assert_eq(error, -ENOMEM);
				cr_assert_str_eq(problem, "out of memory");
				cr_assert_null(topology);
			}
		} while (error < 0);
		calls_before_failure = -1;
		cr_assert_geq(calls, 3, "the PUs, the topology, its places; and a row to sort, for some C libraries");
		sk_topology_free(topology);
	}
}

Test(topology_load, without_cores_each_pu_is_one)
{
	sk_topology_request request = { .synthetic = "numa:1 pu:3", .cgroup_root = NO_QUOTA };
	sk_topology *topology;
	cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), 0, "%s", problem);
	cr_assert_eq(sk_topology_workers(topology), 3);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(sk_topology_place(topology, (unsigned)i)->core_index, i);
	sk_topology_free(topology);
}

Test(topology_load, a_faked_group_counts_for_an_invented_machine_only_if_it_is_named)
{
	sk_topology_request request = { .synthetic = "core:4 pu:1" };
	sk_topology *topology;
	static const char *const roots[] = { NULL, "", NO_QUOTA };
	for (unsigned i = 0; i < 3; i++) {
		unsetenv("SKUA_CGROUP_ROOT");
		if (roots[i])
			setenv("SKUA_CGROUP_ROOT", roots[i], 1);
		cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), 0, "%s", problem);
		cr_assert_eq(sk_topology_workers(topology), 4);
		cr_assert_eq(sk_topology_quota(topology)->cpus, 0);
		sk_topology_free(topology);
	}
	unsetenv("SKUA_CGROUP_ROOT");
}
