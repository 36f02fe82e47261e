/* SPDX-License-Identifier: Apache-2.0 */
/* CPU quotas, read from faked trees of control groups. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/cgroup.h"

static char root[] = "/tmp/skua_cgroup_XXXXXX";

static void make_root(void)
{
	cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(cgroup, .init = make_root, .fini = remove_root);

/* Writes root/name and makes the directories on the way. */
static void fake(const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", root, name);
	for (char *slash = path + sizeof root; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

static void expect_cpus(unsigned cpus)
{
	sk_cgroup_quota quota = sk_cgroup_read(root, NULL);
	cr_assert_eq(quota.cpus, cpus, "%u CPUs instead of %u, by %s", quota.cpus, cpus, quota.where);
	cr_assert_eq(quota.where[0] != '\0', cpus > 0);
}

Test(cgroup, nothing_there_is_no_quota)
{
	expect_cpus(0);
	fake("proc_self_cgroup", "0::/\n");
	expect_cpus(0);
}

Test(cgroup, version_2_is_rounded_up)
{
	fake("proc_self_cgroup", "0::/a\n");
	fake("a/cpu.max", "200000 100000\n");
	expect_cpus(2);
	fake("a/cpu.max", "200001 100000\n");
	expect_cpus(3);
	fake("a/cpu.max", "1000 100000\n");
	expect_cpus(1);
	fake("a/cpu.max", "max 100000\n");
	expect_cpus(0);
}

Test(cgroup, the_smallest_quota_on_the_way_up_counts)
{
	fake("proc_self_cgroup", "0::/a/b/c\n");
	fake("cpu.max", "800000 100000\n");
	fake("a/cpu.max", "max 100000\n");
	fake("a/b/cpu.max", "300000 100000\n");
	fake("a/b/c/cpu.max", "400000 100000\n");
	expect_cpus(3);
	fake("a/cpu.max", "50000 20000\n"); /* 2.5 is less than 3, although rounding up makes them equal */
	sk_cgroup_quota quota = sk_cgroup_read(root, NULL);
	cr_assert_eq(quota.cpus, 3);
	cr_assert_eq(quota.quota_us, 50000);
	cr_assert_eq(quota.period_us, 20000);
	cr_assert_str_eq(quota.where + strlen(root), "/a/cpu.max");
	fake("cpu.max", "100000 100000\n");
	expect_cpus(1);
}

Test(cgroup, a_sibling_group_does_not_count)
{
	fake("proc_self_cgroup", "0::/a/b\n");
	fake("a/b/cpu.max", "max 100000\n");
	fake("a/c/cpu.max", "100000 100000\n");
	fake("b/cpu.max", "100000 100000\n");
	expect_cpus(0);
}

Test(cgroup, version_1_is_read_from_the_controller_named_cpu)
{
	fake("proc_self_cgroup", "7:cpuset:/x\n5:cpu,cpuacct:/a/b\n3:cpuacct:/y\n1:name=systemd:/\n");
	fake("cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
	fake("cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
	expect_cpus(0);
	fake("cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
	fake("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
	expect_cpus(3);
	fake("cpuset/x/cpu.cfs_quota_us", "100000\n");
	fake("cpuset/x/cpu.cfs_period_us", "100000\n");
	expect_cpus(3);
	fake("cpu/a/b/cpu.cfs_quota_us", "-1\n");
	fake("cpu/a/cpu.cfs_quota_us", "150000\n"); /* the link that systems make beside the joint name */
	fake("cpu/a/cpu.cfs_period_us", "100000\n");
	expect_cpus(2);
}

Test(cgroup, version_2_beside_version_1_counts_too)
{
	fake("proc_self_cgroup", "4:cpu:/\n0::/s\n");
	fake("cpu/cpu.cfs_quota_us", "400000\n");
	fake("cpu/cpu.cfs_period_us", "100000\n");
	expect_cpus(4);
	fake("unified/s/cpu.max", "200000 100000\n");
	expect_cpus(2);
}

Test(cgroup, a_container_sees_its_group_as_the_mount)
{
	fake("proc_self_cgroup", "4:cpu:/docker/0123\n0::/docker/0123/child\n");
	fake("cpu/cpu.cfs_quota_us", "400000\n");
	fake("cpu/cpu.cfs_period_us", "100000\n");
	expect_cpus(4);
	fake("child/cpu.max", "300000 100000\n"); /* the host's part of the path is not there, the rest is */
	expect_cpus(3);
	fake("cpu.max", "200000 100000\n");
	expect_cpus(2);
}

Test(cgroup, a_path_out_of_the_mount_is_not_followed)
{
	fake("inner/proc_self_cgroup", "0::/../other\n");
	fake("other/cpu.max", "100000 100000\n");
	fake("inner/cpu.max", "500000 100000\n");
	char inner[64];
	snprintf(inner, sizeof inner, "%s/inner", root);
	cr_assert_eq(sk_cgroup_read(inner, NULL).cpus, 5);
	fake("inner/proc_self_cgroup", "0::/..\n");
	fake("cpu.max", "100000 100000\n");
	cr_assert_eq(sk_cgroup_read(inner, NULL).cpus, 5);
	fake("inner/proc_self_cgroup", "0::/..group\n"); /* a name like any other */
	fake("inner/..group/cpu.max", "300000 100000\n");
	cr_assert_eq(sk_cgroup_read(inner, NULL).cpus, 3);
}

Test(cgroup, garbage_is_no_quota)
{
	static const char *const garbage[] = { "", "\n", "max", "abc def\n", "-1 100000\n", "0 100000\n", "100000 0\n",
					       "100000\n", "100000 \n", "100000 100000x\n", "100000  100000\n",
					       "99999999999999999999999 1\n", "1 99999999999999999999999\n", "+5 1\n" };
	fake("proc_self_cgroup", "0::/\n");
	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
		fake("cpu.max", garbage[i]);
		expect_cpus(0);
	}
	fake("cpu.max", "100000 100000\n");
	static const char *const groups[] = { "", "\n", "0\n", "0:\n", "0::\n", "::\n", "x\n:", "0::a\n" };
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		fake("proc_self_cgroup", groups[i]);
		expect_cpus(0);
	}
	fake("proc_self_cgroup", "garbage\n0::/"); /* the good line counts, with or without an end */
	expect_cpus(1);
}

Test(cgroup, a_very_long_line_is_left_out)
{
	static char text[20000];
	memset(text, 'x', sizeof text - 1);
	memcpy(text, "0::/", 4);
	fake("proc_self_cgroup", text);
	fake("cpu.max", "100000 100000\n");
	expect_cpus(0);
	memcpy(text + sizeof text - 7, "\n0::/\n", 7);
	fake("proc_self_cgroup", text);
	expect_cpus(1);
}

/* The parts of a long path are dropped one by one, like those that only the host has; a long root leaves no room. */
Test(cgroup, a_path_that_does_not_fit_is_one_that_does_not_exist)
{
	static char text[4400], far[4200];
	size_t used = (size_t)snprintf(text, sizeof text, "0::");
	while (used < 4200)
		used += (size_t)snprintf(text + used, sizeof text - used, "/part");
	snprintf(text + used, sizeof text - used, "/end\n");
	fake("proc_self_cgroup", text);
	fake("end/cpu.max", "200000 100000\n");
	expect_cpus(2);
	memset(far, '/', sizeof far - 1);
	memcpy(far, root, strlen(root));
	cr_assert_eq(sk_cgroup_read(far, NULL).cpus, 0, "proc_self_cgroup below it has no room");
	char file[64];
	snprintf(file, sizeof file, "%s/proc_self_cgroup", root);
	cr_assert_eq(sk_cgroup_read(far, file).cpus, 0, "groups below it neither");
	far[4090] = '\0';
	fake("proc_self_cgroup", "0::/\n");
	cr_assert_eq(sk_cgroup_read(far, file).cpus, 0, "cpu.max below it neither");
}

Test(cgroup, only_a_list_with_cpu_alone_is_the_controller)
{
	fake("proc_self_cgroup", "3:cpx:/a\n4:x/y,cpu:/a\n5:cpuset,cpuacct:/a\n0::/..x\n6:acct,cpu:/a\n");
	fake("cpu/a/cpu.cfs_quota_us", "300000\n");
	fake("cpu/a/cpu.cfs_period_us", "100000 x\n");
	expect_cpus(0);
	fake("cpu/a/cpu.cfs_period_us", "x\n");
	expect_cpus(0);
	fake("cpu/a/cpu.cfs_period_us", "100000\n");
	expect_cpus(3);
	fake("cpu/a/cpu.cfs_quota_us", "300000 x\n");
	expect_cpus(0);
	fake("..x/cpu.max", "100000 100000\n"); /* begins like a way out, and is none */
	expect_cpus(1);
}

Test(cgroup, an_empty_variable_names_no_root)
{
	fake("proc_self_cgroup", "0::/\n");
	setenv("SKUA_CGROUP_ROOT", "", 1);
	sk_cgroup_quota empty = sk_cgroup_read(NULL, NULL);
	unsetenv("SKUA_CGROUP_ROOT");
	cr_assert_str_eq(empty.where, sk_cgroup_read(NULL, NULL).where);
}

Test(cgroup, the_environment_names_the_root)
{
	fake("proc_self_cgroup", "0::/\n");
	fake("cpu.max", "700000 100000\n");
	setenv("SKUA_CGROUP_ROOT", root, 1);
	cr_assert_eq(sk_cgroup_read(NULL, NULL).cpus, 7);
	cr_assert_eq(sk_cgroup_read("/nonexistent", NULL).cpus, 0, "a parameter goes first");
}

Test(cgroup, the_file_of_groups_can_be_elsewhere)
{
	char file[64];
	fake("elsewhere", "0::/a\n");
	fake("a/cpu.max", "600000 100000\n");
	snprintf(file, sizeof file, "%s/elsewhere", root);
	cr_assert_eq(sk_cgroup_read(root, file).cpus, 6);
}

Test(cgroup, the_real_machine_can_be_asked)
{
	unsetenv("SKUA_CGROUP_ROOT");
	sk_cgroup_quota quota = sk_cgroup_read(NULL, NULL);
	cr_assert_eq(quota.cpus > 0, quota.quota_us > 0);
}
