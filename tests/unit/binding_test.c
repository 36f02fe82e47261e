/* SPDX-License-Identifier: Apache-2.0 */
/* Threads are bound to the places of the machine that runs the test, and get their masks back. */
#include "sys/topology_machine.h"

#include <criterion/criterion.h>
#include <sched.h>

static sk_topology *load(unsigned workers, const char *bind)
{
	sk_topology_request request = { .workers = workers, .bind = bind, .cgroup_root = "/nonexistent" };
	char problem[SK_TOPOLOGY_PROBLEM_BYTES];
	sk_topology *topology;
	int error = sk_topology_load(&request, &topology, problem, sizeof problem);
	cr_assert(error == 0, "%d: %s", error, problem);
	return topology;
}

static void expect_all_on(const sk_topology *topology, unsigned workers, int pu)
{
	cr_assert_eq(sk_topology_workers(topology), workers);
	for (unsigned i = 0; i < workers; i++)
		cr_assert_eq(sk_topology_place(topology, i)->pu_os_index, pu, "worker %u is elsewhere", i);
}

/* The number of an allowed CPU, the last one if there are not so many. */
static size_t allowed_cpu(unsigned which)
{
	cpu_set_t mask;
	cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
	size_t last = 0;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &mask))
			continue;
		last = cpu;
		if (which-- == 0)
			break;
	}
	return last;
}

Test(binding, a_mask_of_one_cpu_leaves_one_worker_there)
{
	size_t allowed = allowed_cpu(1);
	int cpu = (int)allowed;
	cpu_set_t mask;
	CPU_ZERO(&mask);
	CPU_SET(allowed, &mask);
	cr_assert_eq(sched_setaffinity(0, sizeof mask, &mask), 0);
	sk_topology *topology = load(0, NULL);
	expect_all_on(topology, 1, cpu);
	sk_topology_free(topology);
	topology = load(5, NULL);
	expect_all_on(topology, 5, cpu);
	sk_topology_free(topology);
}

Test(binding, a_thread_is_bound_and_gets_its_mask_back)
{
	cpu_set_t before, now;
	sk_topology_affinity saved;
	cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
	sk_topology *topology = load(0, "core");
	for (unsigned worker = 0; worker < sk_topology_workers(topology); worker++) {
		cr_assert_eq(sk_topology_affinity_save(topology, &saved), 0);
		cr_assert_eq(sk_topology_bind_thread(topology, worker), 0);
		cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
		cr_assert_eq(CPU_COUNT(&now), 1);
		cr_assert(CPU_ISSET((size_t)sk_topology_place(topology, worker)->pu_os_index, &now));
		cr_assert_eq(sk_topology_affinity_restore(topology, &saved), 0);
		cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
		cr_assert(CPU_EQUAL(&before, &now));
	}
	cr_assert_eq(sk_topology_affinity_save(topology, &saved), 0);
	sk_topology_affinity_forget(&saved);
	cr_assert_null(saved.mask);
	sk_topology_free(topology);
	topology = load(0, "none");
	cr_assert_eq(sk_topology_bind_thread(topology, 0), 0);
	cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
	cr_assert(CPU_EQUAL(&before, &now));
	sk_topology_free(topology);
}

Test(binding, loading_does_not_move_the_thread)
{
	cpu_set_t before, now;
	cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
	sk_topology_free(load(0, NULL));
	cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
	cr_assert(CPU_EQUAL(&before, &now));
}

Test(binding, a_pu_that_does_not_exist_is_refused)
{
	cpu_set_t before, after;
	sk_topology *topology = load(1, "core");
	sched_getaffinity(0, sizeof before, &before);
	cr_assert_lt(sk_machine_bind(&topology->machine, 100000), 0);
	sched_getaffinity(0, sizeof after, &after);
	cr_assert(CPU_EQUAL(&before, &after));
	sk_topology_free(topology);
}
