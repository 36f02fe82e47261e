/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places, rings and bindings: on invented machines in words (both twins read these), and on machines made by hand where
 * a mask, a cpuset or kinds of cores matter.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/topology_machine.h"

#define NO_QUOTA "/nonexistent"
#define BIG "package:2 numa:2 l3:4 core:8 pu:2" /* 128 cores on 4 nodes in 2 packages, 16 L3s */

static char problem[SK_TOPOLOGY_PROBLEM_BYTES];

static sk_topology *load(const char *synthetic, unsigned workers, const char *bind)
{
	sk_topology_request request = { .workers = workers, .bind = bind, .synthetic = synthetic };
	request.cgroup_root = NO_QUOTA;
	sk_topology *topology;
	int error = sk_topology_load(&request, &topology, problem, sizeof problem);
	cr_assert(error == 0, "%d: %s", error, problem);
	cr_assert_str_empty(problem);
	return topology;
}

static void expect_failure(const char *synthetic, const char *bind, int expected, const char *text)
{
	sk_topology_request request = { .bind = bind, .synthetic = synthetic, .cgroup_root = NO_QUOTA };
	sk_topology *topology = NULL;
	cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), expected);
	cr_assert_null(topology);
	cr_assert_str_eq(problem, text);
	cr_assert_eq(sk_topology_load(&request, &topology, NULL, 0), expected, "the text is optional");
}

/* A machine by hand: one PU in each entry, everything on package 0. */
static sk_topology *choose(const sk_machine_pu *pus, unsigned count, const sk_topology_request *request, int expected)
{
	sk_machine machine = { .pu = calloc(count, sizeof pus[0]), .pu_count = count, .is_real = true };
	sk_topology *topology;
	cr_assert_not_null(machine.pu);
	memcpy(machine.pu, pus, count * sizeof pus[0]);
	problem[0] = '\0';
	int error = sk_topology_choose(&machine, request, &topology, problem, sizeof problem);
	cr_assert_eq(error, expected, "%d: %s", error, problem);
	cr_assert_eq(topology == NULL, expected != 0);
	return topology;
}

static void expect_pus(const sk_topology *topology, unsigned count, const int *expected)
{
	cr_assert_eq(sk_topology_workers(topology), count, "%u workers", sk_topology_workers(topology));
	for (unsigned i = 0; i < count; i++) {
		int pu = sk_topology_place(topology, i)->pu_os_index;
		cr_assert_eq(pu, expected[i], "worker %u is on PU %d, not %d", i, pu, expected[i]);
	}
}

/* Each other worker is a victim once, and the rings end at the given counts. */
static void expect_rings(const sk_topology *topology, unsigned worker, const unsigned expected[SK_RINGS])
{
	static uint16_t victims[SK_TOPOLOGY_WORKERS_MAX];
	static bool seen[SK_TOPOLOGY_WORKERS_MAX];
	unsigned ring_end[SK_RINGS];
	unsigned workers = sk_topology_workers(topology);
	memset(seen, 0, sizeof seen);
	cr_assert_eq(sk_topology_victims(topology, worker, victims, ring_end), (int)workers - 1);
	for (unsigned ring = 0; ring < SK_RINGS; ring++)
		cr_assert_eq(ring_end[ring], expected[ring], "worker %u: ring %u ends at %u, not %u", worker, ring,
			     ring_end[ring], expected[ring]);
	for (unsigned i = 0; i + 1 < workers; i++) {
		cr_assert(victims[i] < workers && victims[i] != worker && !seen[victims[i]]);
		seen[victims[i]] = true;
	}
}

Test(topology, a_big_machine_has_one_worker_per_core_in_the_order_of_the_tree)
{
	sk_topology *topology = load(BIG, 0, NULL);
	cr_assert_eq(sk_topology_workers(topology), 128);
	cr_assert_eq(sk_topology_usable_cores(topology), 128);
	for (unsigned i = 0; i < 128; i++) {
		const sk_place *place = sk_topology_place(topology, i);
		cr_assert_eq(place->core_index, (int)i);
		cr_assert_eq(place->pu_os_index, (int)(2 * i));
		cr_assert_eq(place->l3, (int)(i / 8));
		cr_assert_eq(place->node, (int)(i / 32));
		cr_assert_eq(place->package, (int)(i / 64));
	}
	sk_topology_free(topology);
}

Test(topology, rings_of_a_big_machine_go_from_cache_to_far)
{
	sk_topology *topology = load(BIG, 0, NULL);
	for (unsigned i = 0; i < 128; i++)
		expect_rings(topology, i, (const unsigned[]){ 7, 31, 63, 127 });
	sk_topology_free(topology);
}

Test(topology, victims_of_a_ring_begin_behind_the_worker)
{
	sk_topology *topology = load(BIG, 0, NULL);
	uint16_t victims[127];
	unsigned ring_end[SK_RINGS];
	const uint16_t cache[] = { 6, 7, 0, 1, 2, 3, 4 };
	sk_topology_victims(topology, 5, victims, ring_end);
	cr_assert_arr_eq(victims, cache, sizeof cache);
	cr_assert_eq(victims[7], 8);
	cr_assert_eq(victims[31], 32);
	cr_assert_eq(victims[63], 64);
	sk_topology_free(topology);
}

Test(topology, packages_inside_nodes_work_as_well)
{
	sk_topology *topology = load("numa:2 package:2 l3:2 core:8 pu:2", 0, NULL);
	cr_assert_eq(sk_topology_workers(topology), 64);
	cr_assert_eq(sk_topology_place(topology, 63)->node, 1);
	cr_assert_eq(sk_topology_place(topology, 63)->package, 3);
	for (unsigned i = 0; i < 64; i++)
		expect_rings(topology, i, (const unsigned[]){ 7, 15, 31, 63 });
	sk_topology_free(topology);
}

Test(topology, a_machine_without_caches_and_packages_has_near_and_far_victims)
{
	sk_topology *topology = load("numa:2 core:4 pu:1", 0, NULL);
	expect_rings(topology, 0, (const unsigned[]){ 0, 3, 3, 7 });
	sk_topology_free(topology);
}

Test(topology, cores_that_share_an_l2_come_before_those_of_the_l3)
{
	sk_topology *topology = load("l3:1 l2:2 core:2 pu:1", 0, NULL);
	uint16_t victims[3];
	unsigned ring_end[SK_RINGS];
	sk_topology_victims(topology, 0, victims, ring_end);
	cr_assert_arr_eq(victims, ((uint16_t[]){ 1, 2, 3 }), sizeof victims);
	sk_topology_victims(topology, 3, victims, ring_end);
	cr_assert_arr_eq(victims, ((uint16_t[]){ 2, 0, 1 }), sizeof victims);
	cr_assert_eq(ring_end[SK_RING_CACHE], 3);
	sk_topology_free(topology);
}

Test(topology, few_workers_fill_a_node_before_the_next)
{
	sk_topology *topology = load(BIG, 33, NULL);
	cr_assert_eq(sk_topology_place(topology, 31)->node, 0);
	cr_assert_eq(sk_topology_place(topology, 32)->node, 1);
	expect_rings(topology, 32, (const unsigned[]){ 0, 0, 32, 32 });
	sk_topology_free(topology);
}

Test(topology, one_worker_has_no_victims)
{
	sk_topology *topology = load(BIG, 1, NULL);
	expect_rings(topology, 0, (const unsigned[]){ 0, 0, 0, 0 });
	sk_topology_free(topology);
}

Test(topology, bind_pu_makes_a_worker_of_each_hardware_thread)
{
	sk_topology *topology = load("core:2 pu:2", 0, "pu");
	expect_pus(topology, 4, (const int[]){ 0, 1, 2, 3 });
	cr_assert_str_eq(sk_topology_binding(topology), "pu");
	sk_topology_free(topology);
}

Test(topology, more_workers_than_cores_take_the_second_threads_then_wrap_around)
{
	sk_topology *topology = load("core:3 pu:2", 8, "core");
	expect_pus(topology, 8, (const int[]){ 0, 2, 4, 1, 3, 5, 0, 2 });
	cr_assert(sk_topology_is_oversubscribed(topology));
	expect_rings(topology, 0, (const unsigned[]){ 2, 7, 7, 7 });
	sk_topology_free(topology);
	topology = load("core:3 pu:2", 6, "core");
	cr_assert_not(sk_topology_is_oversubscribed(topology));
	sk_topology_free(topology);
}

Test(topology, the_most_workers_fit_on_two_cores)
{
	sk_topology *topology = load("core:2 pu:1", SK_TOPOLOGY_WORKERS_MAX, NULL);
	expect_rings(topology, 1000, (const unsigned[]){ 511, 1023, 1023, 1023 });
	sk_topology_free(topology);
}

Test(topology, a_list_gives_workers_in_its_order)
{
	sk_topology *topology = load("core:4 pu:2", 0, "2,0,4-7");
	expect_pus(topology, 6, (const int[]){ 2, 0, 4, 5, 6, 7 });
	cr_assert_str_eq(sk_topology_binding(topology), "list");
	sk_topology_free(topology);
	topology = load("core:4 pu:2", 3, "5,1");
	expect_pus(topology, 3, (const int[]){ 5, 1, 5 });
	sk_topology_free(topology);
}

Test(topology, lists_that_make_no_sense_are_named)
{
	static const char *const texts[] = { "",   "cores", "0,",  ",0",    "0-",  "1-0",
					     "0 1", "-1",    "+1",  "0x1",   "0-1-2", "0;1",
					     "99999999999999999999" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, "SKUA_BIND=%s: %s", texts[i],
			 "not core, pu, none, or a list of PUs like 0,2,4-7");
		expect_failure("core:4 pu:1", texts[i], -EINVAL, text);
	}
	expect_failure("core:4 pu:1", "0,4", -EINVAL, "SKUA_BIND=0,4: PU 4 does not exist");
	expect_failure("core:4 pu:1", "0-99999999", -EINVAL, "SKUA_BIND=0-99999999: PU 4 does not exist");
	expect_failure("core:4 pu:1", "1-2,2", -EINVAL, "SKUA_BIND=1-2,2: PU 2 is named twice");
}

Test(topology, a_machine_that_makes_no_sense_is_named)
{
	sk_topology_request request = { .synthetic = "kore:4" };
	sk_topology *topology;
	cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), -EINVAL);
	cr_assert(strncmp(problem, "synthetic=kore:4: ", 18) == 0, "%s", problem);
}

Test(topology, bind_none_gives_all_workers_what_the_cores_have_in_common)
{
	sk_topology *topology = load(BIG, 0, "none");
	const sk_place *place = sk_topology_place(topology, 17);
	cr_assert_eq(sk_topology_workers(topology), 128);
	cr_assert(place->pu_os_index == -1 && place->core_index == -1 && place->node == -1 && place->package == -1);
	cr_assert_eq(sk_topology_bound_pus(topology), 0);
	expect_rings(topology, 0, (const unsigned[]){ 0, 0, 0, 127 });
	sk_topology_free(topology);
	topology = load("package:2 numa:1 core:2 pu:1", 0, "none");
	expect_rings(topology, 0, (const unsigned[]){ 0, 0, 0, 3 });
	sk_topology_free(topology);
	topology = load("package:1 l3:1 core:4 pu:1", 0, "none");
	expect_rings(topology, 3, (const unsigned[]){ 3, 3, 3, 3 });
	sk_topology_free(topology);
}

Test(topology, an_invented_machine_binds_nothing)
{
	sk_topology *topology = load("core:999 pu:1", 0, NULL);
	sk_topology_affinity saved;
	cr_assert_eq(sk_topology_workers(topology), 999);
	cr_assert_eq(sk_topology_affinity_save(topology, &saved), 0);
	cr_assert_eq(sk_topology_bind_thread(topology, 998), 0);
	cr_assert_eq(sk_topology_affinity_restore(topology, &saved), 0);
	cr_assert_eq(sk_topology_memory_node(topology, 0), -1);
	sk_topology_free(topology);
}

#define PU(index, core, kind, mask, cpuset) { { index, core, 0, 0, core, 0, kind }, mask, cpuset }

Test(topology, only_cores_in_mask_and_cpuset_are_used)
{
	/* Core 1 has lost its first thread to the mask, core 2 is outside of the cpuset, core 3 outside of the mask. */
	const sk_machine_pu pus[] = {
		PU(0, 0, -1, true, true),   PU(4, 0, -1, true, true),  PU(1, 1, -1, false, true),
		PU(5, 1, -1, true, true),   PU(2, 2, -1, true, false), PU(6, 2, -1, true, false),
		PU(3, 3, -1, false, false), PU(7, 3, -1, false, true),
	};
	sk_topology_request request = { .cgroup_root = NO_QUOTA };
	sk_topology *topology = choose(pus, 8, &request, 0);
	expect_pus(topology, 2, (const int[]){ 0, 5 });
	sk_topology_free(topology);

	request.workers = 4;
	topology = choose(pus, 8, &request, 0);
	expect_pus(topology, 4, (const int[]){ 0, 5, 4, 0 });
	cr_assert_eq(sk_topology_bound_pus(topology), 3);
	cr_assert(sk_topology_is_oversubscribed(topology));
	sk_topology_free(topology);

	request.bind = "0,7";
	choose(pus, 8, &request, -EINVAL);
	cr_assert_str_eq(problem, "SKUA_BIND=0,7: PU 7 is not in the affinity mask");
	request.bind = "6";
	choose(pus, 8, &request, -EINVAL);
	cr_assert_str_eq(problem, "SKUA_BIND=6: PU 6 is not in the cpuset of the process");
}

Test(topology, no_usable_core_is_an_error_with_its_reason)
{
	const sk_machine_pu apart[] = { PU(0, 0, -1, true, false), PU(1, 1, -1, false, true) };
	const sk_machine_pu empty[] = { PU(0, 0, -1, false, true), PU(1, 1, -1, false, true) };
	sk_topology_request request = { .cgroup_root = NO_QUOTA };
	choose(apart, 2, &request, -EPERM);
	cr_assert_str_eq(problem, "no usable core: the cpuset has none of the PUs of the affinity mask");
	choose(empty, 2, &request, -EPERM);
	cr_assert_str_eq(problem, "no usable core: the affinity mask is empty");
}

Test(topology, fast_cores_come_first_and_second_threads_last)
{
	/* As on hybrid processors: efficient cores 0 and 1, then fast cores 2 and 3 with two threads each. */
	const sk_machine_pu pus[] = {
		PU(0, 0, 0, true, true), PU(1, 1, 0, true, true), PU(2, 2, 1, true, true),
		PU(3, 2, 1, true, true), PU(4, 3, 1, true, true), PU(5, 3, 1, true, true),
	};
	sk_topology_request request = { .workers = 6, .cgroup_root = NO_QUOTA };
	sk_topology *topology = choose(pus, 6, &request, 0);
	expect_pus(topology, 6, (const int[]){ 2, 4, 0, 1, 3, 5 });
	sk_topology_free(topology);
	request = (sk_topology_request){ .bind = "pu", .cgroup_root = NO_QUOTA };
	topology = choose(pus, 6, &request, 0);
	expect_pus(topology, 6, (const int[]){ 2, 3, 4, 5, 0, 1 });
	sk_topology_free(topology);
	const sk_machine_pu fast_first[] = { PU(0, 0, 1, true, true), PU(1, 1, 0, true, true) };
	topology = choose(fast_first, 2, &request, 0);
	expect_pus(topology, 2, (const int[]){ 0, 1 });
	sk_topology_free(topology);
}

Test(topology, an_l3_over_two_nodes_does_not_hide_them)
{
	const sk_machine_pu pus[] = {
		{ { 0, 0, 0, 0, 0, 0, -1 }, true, true },
		{ { 1, 1, 0, 0, 1, 0, -1 }, true, true },
		{ { 2, 2, 1, 0, 2, 0, -1 }, true, true },
		{ { 3, 3, 1, 0, 3, 0, -1 }, true, true },
	};
	sk_topology_request request = { .cgroup_root = NO_QUOTA };
	sk_topology *topology = choose(pus, 4, &request, 0);
	expect_rings(topology, 0, (const unsigned[]){ 1, 1, 3, 3 });
	cr_assert_eq(sk_topology_memory_node(topology, 3), 1);
	sk_topology_free(topology);
}

Test(topology, what_is_not_known_of_one_place_does_not_make_it_far)
{
	const sk_machine_pu pus[] = {
		{ { 0, 0, 0, 0, -1, -1, -1 }, true, true },
		{ { 1, 1, -1, 0, -1, -1, -1 }, true, true }, /* of the same package */
		{ { 2, 2, 0, -1, -1, -1, -1 }, true, true }, /* of the same node */
		{ { 3, 3, -1, -1, -1, -1, -1 }, true, true },
	};
	sk_topology_request request = { .cgroup_root = NO_QUOTA };
	sk_topology *topology = choose(pus, 4, &request, 0);
	expect_rings(topology, 0, (const unsigned[]){ 0, 2, 2, 3 });
	expect_rings(topology, 1, (const unsigned[]){ 0, 1, 1, 3 });
	expect_rings(topology, 3, (const unsigned[]){ 0, 0, 0, 3 });
	sk_topology_free(topology);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *directory, const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	unlink(path);
}

Test(topology, a_quota_lowers_the_number_of_workers_and_does_not_bind_them)
{
	const sk_machine_pu pus[] = { PU(0, 0, -1, true, true), PU(1, 1, -1, true, true), PU(2, 2, -1, true, true),
				      PU(3, 3, -1, true, true) };
	char root[] = "/tmp/skua_topology_XXXXXX";
	cr_assert_not_null(mkdtemp(root));
	write_file(root, "proc_self_cgroup", "0::/\n");
	write_file(root, "cpu.max", "150000 100000\n");

	sk_topology_request request = { .cgroup_root = root };
	sk_topology *topology = choose(pus, 4, &request, 0);
	cr_assert_eq(sk_topology_workers(topology), 2);
	cr_assert_eq(sk_topology_quota(topology)->cpus, 2);
	cr_assert_eq(sk_topology_bound_pus(topology), 0);
	cr_assert_str_eq(sk_topology_binding(topology), "none");
	sk_topology_free(topology);

	request.bind = "core";
	topology = choose(pus, 4, &request, 0);
	expect_pus(topology, 2, (const int[]){ 0, 1 });
	cr_assert_eq(sk_topology_bound_pus(topology), 2);
	sk_topology_free(topology);

	request.workers = 3;
	topology = choose(pus, 4, &request, 0);
	cr_assert_eq(sk_topology_workers(topology), 3, "who asks for more gets more");
	cr_assert(sk_topology_is_oversubscribed(topology));
	sk_topology_free(topology);

	write_file(root, "cpu.max", "400000 100000\n");
	request = (sk_topology_request){ .cgroup_root = root };
	topology = choose(pus, 4, &request, 0);
	cr_assert_eq(sk_topology_bound_pus(topology), 4, "a quota that is no limit changes nothing");
	sk_topology_free(topology);
	remove_file(root, "proc_self_cgroup");
	remove_file(root, "cpu.max");
	rmdir(root);
}

Test(topology, numbers_of_workers_are_read_strictly)
{
	static const char *const bad[] = { "abc", "", "0", "-1", "+1", " 1", "1 ", "1025", "2x", "0x2", "1e1",
					   "99999999999999999999999" };
	unsigned workers = 77;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, "SKUA_WORKERS=%s: not a number from 1 to 1024", bad[i]);
		cr_assert_eq(sk_topology_parse_workers(bad[i], &workers, problem, sizeof problem), -EINVAL);
		cr_assert_str_eq(problem, text);
		cr_assert_eq(sk_topology_parse_workers(bad[i], &workers, NULL, 0), -EINVAL);
	}
	cr_assert_eq(workers, 77, "a failure leaves the number alone");
	cr_assert_eq(sk_topology_parse_workers("1", &workers, problem, sizeof problem), 0);
	cr_assert_eq(workers, 1);
	cr_assert_eq(sk_topology_parse_workers("1024", &workers, problem, sizeof problem), 0);
	cr_assert_eq(workers, 1024);

	sk_topology_request request = { .workers = 1025 };
	sk_topology *topology;
	cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), -EINVAL);
	cr_assert_str_eq(problem, "SKUA_WORKERS=1025: not a number from 1 to 1024");
}

Test(topology, the_environment_fills_what_the_request_leaves_open)
{
	sk_topology_request request = { 0 };
	setenv("SKUA_WORKERS", "3", 1);
	setenv("SKUA_BIND", "pu", 1);
	cr_assert_eq(sk_topology_request_environment(&request, problem, sizeof problem), 0);
	cr_assert_eq(request.workers, 3);
	cr_assert_str_eq(request.bind, "pu");

	request = (sk_topology_request){ .workers = 2, .bind = "none" };
	setenv("SKUA_WORKERS", "nonsense", 1);
	cr_assert_eq(sk_topology_request_environment(&request, problem, sizeof problem), 0, "it is not asked for");
	cr_assert_eq(request.workers, 2);
	cr_assert_str_eq(request.bind, "none");

	request = (sk_topology_request){ 0 };
	cr_assert_eq(sk_topology_request_environment(&request, problem, sizeof problem), -EINVAL);
	cr_assert_str_eq(problem, "SKUA_WORKERS=nonsense: not a number from 1 to 1024");
	request = (sk_topology_request){ 0 };
	setenv("SKUA_WORKERS", "", 1);
	setenv("SKUA_BIND", "", 1);
	cr_assert_eq(sk_topology_request_environment(&request, problem, sizeof problem), 0);
	cr_assert(request.workers == 0 && request.bind == NULL);
}

static void expect_description(const sk_topology *topology, const char *part)
{
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof text - 1, "w");
	cr_assert_not_null(out);
	sk_topology_describe(topology, out);
	fclose(out);
	cr_assert_not_null(strstr(text, part), "no `%s` in:\n%s", part, text);
}

Test(topology, the_description_shows_the_tree_and_why_cores_are_not_used)
{
	sk_topology *topology = load("package:2 numa:2 l3:1 core:2 pu:2", 3, NULL);
	expect_description(topology, "2 packages, 4 NUMA nodes, 4 L3 caches, 8 cores, 16 PUs");
	expect_description(topology, "  package 1\n    node 2\n      L3 2: cores 4-5, PUs 8-11\n");
	expect_description(topology, "not used: PUs 1,3,5 (hardware threads beside used ones");
	expect_description(topology, "not used: PUs 6-15 (only so many workers were asked for)");
	sk_topology_free(topology);

	topology = load("numa:2 package:2 core:1 pu:1", 0, NULL);
	expect_description(topology, "  node 1\n    package 2\n      core 2, PU 2\n    package 3\n");
	sk_topology_free(topology);

	const sk_machine_pu pus[] = { PU(0, 0, -1, true, true), PU(1, 1, -1, false, true), PU(2, 2, -1, true, false) };
	sk_topology_request request = { .cgroup_root = NO_QUOTA };
	topology = choose(pus, 3, &request, 0);
	expect_description(topology, "usable: 1 core, 1 PU\n");
	expect_description(topology, "not used: PU 1 (not in the affinity mask)");
	expect_description(topology, "not used: PU 2 (not in the cpuset)");
	sk_topology_free(topology);
}
