/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skua-info says of a machine: the tree, and why a core is not used, of machines made by hand. Those that both
 * twins read from words are in topology_test.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/topology_machine.h"

#define PU(index, core, kind, mask, cpuset)                                                                            \
	{                                                                                                              \
		{ index, core, 0, 0, core, 0, kind }, mask, cpuset                                                     \
	}

static char root[] = "/tmp/skua_topology_text_XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", root, name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_root(void)
{
	cr_assert_not_null(mkdtemp(root));
	write_file("proc_self_cgroup", "0::/\n");
	write_file("cpu.max", "max 100000\n");
}

static void remove_root(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/proc_self_cgroup", root);
	unlink(path);
	snprintf(path, sizeof path, "%s/cpu.max", root);
	unlink(path);
	rmdir(root);
}

TestSuite(topology_text, .init = make_root, .fini = remove_root);

/* The linker has calloc called here (--wrap): so many calls succeed before one fails. */
static int calls_before_failure = -1;
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
	return calls_before_failure >= 0 && calls_before_failure-- == 0 ? NULL : __real_calloc(count, bytes);
}

static sk_topology *choose(const sk_machine_pu *pus, unsigned count, bool is_real, unsigned workers, const char *bind)
{
	sk_machine machine = { .pu = calloc(count, sizeof pus[0]), .pu_count = count, .is_real = is_real };
	sk_topology_request request = { .workers = workers, .bind = bind, .cgroup_root = root };
	char problem[SK_TOPOLOGY_PROBLEM_BYTES];
	sk_topology *topology;
	snprintf(machine.source, sizeof machine.source, "by hand");
	machine.offline_count = is_real ? 0 : 3;
	memcpy(machine.pu, pus, count * sizeof pus[0]);
	cr_assert_eq(sk_topology_choose(&machine, &request, &topology, problem, sizeof problem), 0, "%s", problem);
	return topology;
}

/* The description has all of these; frees the topology. */
static void expect_words(sk_topology *topology, const char *const *words)
{
	static char text[1 << 16];
	FILE *out = fmemopen(text, sizeof text - 1, "w");
	cr_assert_not_null(out);
	sk_topology_describe(topology, out);
	fclose(out);
	for (; *words; words++)
		cr_assert_not_null(strstr(text, *words), "no `%s` in:\n%s", *words, text);
	sk_topology_free(topology);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const sk_machine_pu four[] = { PU(0, 0, -1, true, true), PU(1, 1, -1, true, true), PU(2, 2, -1, true, true),
	                              PU(3, 3, -1, true, true) };

Test(topology_text, a_machine_of_one_is_told_in_the_singular)
{
	expect_words(choose(four, 1, true, 0, NULL),
	             WORDS("machine: 1 package, 1 NUMA node, 1 L3 cache, 1 core, 1 PU (by hand)\n", "core 0, PU 0\n",
	                   "usable: 1 core, 1 PU\n", "quota: none\n", "workers: 1, bound by `core` to 1 PU\n"));
}

Test(topology_text, kinds_of_cores_have_lines_of_their_own)
{
	static const sk_machine_pu pus[] = { PU(0, 0, 0, true, true), PU(1, 1, 0, true, true),
		                             PU(2, 2, 1, true, true) };
	expect_words(choose(pus, 3, false, 0, NULL),
	             WORDS("3 PUs (by hand, invented)\n", "cores 0-1, PUs 0-1 (kind 0 of core; higher is faster)\n",
	                   "core 2, PU 2 (kind 1 of core; higher is faster)\n",
	                   "not used: 3 more PU(s) that are offline\n", "not bound, since the machine is invented\n"));
}

Test(topology_text, what_differs_begins_a_line)
{
	static const sk_machine_pu pus[] = {
		{ { 0, 0, 0, 0, 0, 0, -1 }, true, true },    { { 1, 1, 1, 0, 1, 0, -1 }, true, true },
		{ { 2, 2, 1, 1, 2, 0, -1 }, true, true },    { { 3, 3, 1, 1, 3, 1, -1 }, true, true },
		{ { 4, 4, -1, -1, 4, -1, -1 }, true, true },
	};
	expect_words(choose(pus, 5, true, 0, NULL),
	             WORDS("  package 0\n    node 0\n      L3 0: core 0, PU 0\n    node 1\n      L3 0: core 1, PU 1\n",
	                   "  package 1\n    node 1\n      L3 0: core 2, PU 2\n      L3 1: core 3, PU 3\n",
	                   "\n  core 4, PU 4\n"));
}

Test(topology_text, a_list_says_what_it_leaves_out)
{
	static const sk_machine_pu pus[] = { PU(0, 0, -1, true, true), PU(1, 0, -1, true, true),
		                             PU(2, 1, -1, true, true) };
	expect_words(choose(pus, 3, true, 0, "0"),
	             WORDS("not used: PU 1 (not in the list of SKUA_BIND)\n",
	                   "not used: PU 2 (not in the list of SKUA_BIND)\n", "bound by `list` to 1 PU\n"));
	expect_words(choose(pus, 3, true, 3, "0"), WORDS("bound by `list` to 1 PU (oversubscribed)\n"));
}

Test(topology_text, many_second_threads_are_counted)
{
	sk_machine_pu pus[20];
	for (int i = 0; i < 20; i++)
		pus[i] = (sk_machine_pu)PU(i, i / 2, -1, true, true);
	expect_words(choose(pus, 20, true, 0, NULL),
	             WORDS("not used: 10 PUs (hardware threads beside used ones; SKUA_BIND=pu takes them)\n"));
	expect_words(choose(pus, 16, true, 0, NULL), WORDS("not used: PUs 1,3,5,7,9,11,13,15 (hardware threads"));
}

Test(topology_text, the_own_second_thread_is_a_worker_of_its_own)
{
	static const sk_machine_pu pair[] = { PU(0, 0, -1, true, true), PU(1, 0, -1, true, true) };
	expect_words(choose(pair, 2, true, 0, "pu"),
	             WORDS("usable: 1 core, 2 PUs\nquota: none\n", "workers: 2, bound by `pu` to 2 PUs\n"));
}

Test(topology_text, a_quota_that_allows_more_is_not_the_reason)
{
	write_file("cpu.max", "300000 100000\n");
	expect_words(choose(four, 4, true, 0, "0"),
	             WORDS("not used: PUs 1-3 (not in the list of SKUA_BIND)\n", "quota: 3.00 CPUs (",
	                   "workers: 1, bound by `list` to 1 PU\n"));
}

Test(topology_text, without_memory_the_machine_is_not_told)
{
	for (int calls = 0; calls < 2; calls++) {
		sk_topology *topology = choose(four, 4, true, 0, NULL);
		calls_before_failure = calls;
		expect_words(topology, WORDS("machine: out of memory\n"));
		cr_assert_eq(calls_before_failure, -1, "the call was made");
	}
}

Test(topology_text, a_quota_is_told_with_its_file_and_what_it_does)
{
	write_file("cpu.max", "150000 100000\n");
	expect_words(choose(four, 4, true, 0, NULL),
	             WORDS("fewer workers than cores (the CPU quota allows fewer workers)\n", "quota: 1.50 CPUs (",
	                   "cpu.max)\n",
	                   "not bound, since the quota is smaller than the machine and others may share it\n"));
	expect_words(choose(four, 4, true, 0, "core"),
	             WORDS("not used: PUs 2-3 (the CPU quota allows fewer workers)\n", "bound by `core` to 2 PUs\n"));
	expect_words(choose(four, 4, true, 3, "core"), WORDS("not used: PU 3 (only so many workers were asked for)\n",
	                                                     "bound by `core` to 3 PUs (oversubscribed)\n"));
}

Test(topology_text, without_binding_all_is_used)
{
	expect_words(choose(four, 4, true, 0, "none"),
	             WORDS("usable: 4 cores, 4 PUs\nquota: none\n", "4, not bound\n"));
	expect_words(choose(four, 4, true, 2, "none"),
	             WORDS("fewer workers than cores (only so many workers were asked"));
	static const sk_machine_pu masked[] = { PU(0, 0, -1, false, true), PU(1, 1, -1, true, true),
		                                PU(2, 2, -1, true, false) };
	expect_words(choose(masked, 3, true, 0, "none"),
	             WORDS("not used: PU 0 (not in the affinity mask)\n", "not used: PU 2 (not in the cpuset)\n"));
}

Test(topology_text, there_are_at_most_so_many_workers)
{
	static sk_machine_pu pus[SK_TOPOLOGY_WORKERS_MAX + 6];
	unsigned count = SK_TOPOLOGY_WORKERS_MAX + 6;
	for (unsigned i = 0; i < count; i++)
		pus[i] = (sk_machine_pu)PU((int)i, (int)i, -1, true, true);
	sk_topology *topology = choose(pus, count, true, 0, NULL);
	cr_assert_eq(sk_topology_workers(topology), SK_TOPOLOGY_WORKERS_MAX);
	expect_words(topology, WORDS("not used: PUs 1024-1029 (more than the most workers there can be)\n"));
}
