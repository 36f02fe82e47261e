/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the config and the environment, without a runtime. */
#include "sched/settings.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char problem[SK_TOPOLOGY_PROBLEM_BYTES];
static sk_settings settings;

static void forget_environment(void)
{
	static const char *const names[] = { "SKUA_WORKERS", "SKUA_BIND",       "SKUA_BIND_MAIN",
					     "SKUA_STACK",   "SKUA_TASK_SLOTS", "SKUA_MEMBARRIER",
					     "SKUA_IO" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
}

TestSuite(settings, .init = forget_environment);

static void read_good(const skua_config *config)
{
	int error = sk_settings_read(config, &settings, problem, sizeof problem);
	cr_assert_eq(error, 0, "%s", problem);
}

static void expect_refused(const skua_config *config, const char *expected)
{
	problem[0] = '\0';
	cr_assert_eq(sk_settings_read(config, &settings, problem, sizeof problem), -EINVAL, "%s", expected);
	cr_assert_str_eq(problem, expected);
}

static void expect_refused_in_environment(const char *name, const char *value, const char *why)
{
	char expected[512];
	setenv(name, value, 1);
	snprintf(expected, sizeof expected, "%s=%s: %s", name, value, why);
	expect_refused(NULL, expected);
	unsetenv(name);
}

Test(settings, without_any_there_are_defaults)
{
	sk_fiber_sizes defaults = { 0 };
	sk_fiber_sizes_default(&defaults);
	read_good(NULL);
	cr_assert_eq(settings.topology.workers, 0, "the topology chooses");
	cr_assert_null(settings.topology.bind);
	cr_assert_null(settings.topology.synthetic);
	cr_assert_eq(settings.fiber.stack_bytes, defaults.stack_bytes);
	cr_assert_eq(settings.fiber.slot_count, defaults.slot_count);
	cr_assert_not(settings.bind_main);
	cr_assert_not(settings.no_membarrier);
}

Test(settings, the_environment_fills_what_the_config_leaves_open)
{
	setenv("SKUA_WORKERS", "5", 1);
	setenv("SKUA_BIND", "pu", 1);
	setenv("SKUA_STACK", "256K", 1);
	setenv("SKUA_TASK_SLOTS", "5000", 1);
	setenv("SKUA_BIND_MAIN", "1", 1);
	setenv("SKUA_MEMBARRIER", "0", 1);
	skua_config open = { 0 };
	read_good(&open);
	cr_assert_eq(settings.topology.workers, 5);
	cr_assert_str_eq(settings.topology.bind, "pu");
	cr_assert_eq(settings.fiber.stack_bytes, 256 << 10);
	cr_assert_eq(settings.fiber.slot_count, 5000);
	cr_assert(settings.bind_main);
	cr_assert(settings.no_membarrier);
	skua_config given = {
		.workers = 3, .bind = "none", .stack_bytes = 1 << 20, .task_slots = 100, .synthetic = "core:4 pu:1"
	};
	read_good(&given);
	cr_assert_eq(settings.topology.workers, 3);
	cr_assert_str_eq(settings.topology.bind, "none");
	cr_assert_str_eq(settings.topology.synthetic, "core:4 pu:1");
	cr_assert_eq(settings.fiber.stack_bytes, 1 << 20);
	cr_assert_eq(settings.fiber.slot_count, 100);
}

Test(settings, the_config_can_switch_on_by_itself)
{
	skua_config config = { .bind_main = 1, .no_membarrier = 1 };
	read_good(&config);
	cr_assert(settings.bind_main);
	cr_assert(settings.no_membarrier);
	setenv("SKUA_BIND_MAIN", "0", 1);
	setenv("SKUA_MEMBARRIER", "1", 1);
	skua_config none = { 0 };
	read_good(&none);
	cr_assert_not(settings.bind_main);
	cr_assert_not(settings.no_membarrier);
}

Test(settings, sizes_have_suffixes)
{
	static const struct {
		const char *text;
		size_t bytes;
	} cases[] = { { "16384", 16384 }, { "16k", 16384 }, { "64K", 65536 }, { "3m", (size_t)3 << 20 },
		      { "8M", (size_t)8 << 20 }, { "1g", (size_t)1 << 30 }, { "64G", (size_t)64 << 30 } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		setenv("SKUA_STACK", cases[i].text, 1);
		read_good(NULL);
		cr_assert_eq(settings.fiber.stack_bytes, cases[i].bytes, "%s", cases[i].text);
	}
}

Test(settings, sizes_without_sense_are_refused_in_words)
{
	static const char *const bad[] = { "12x", "x", "-1", "+64K", " 64K", "64KB", "64 K", "1e6", "15K", "65G", "0",
					   "18446744073709551616", "99999999999999999999G", "18014398509481985K" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect_refused_in_environment("SKUA_STACK", bad[i], "not a number from 16384 to 68719476736");
	static const char *const bad_slots[] = { "3", "15", "1048574", "2M", "many" };
	for (size_t i = 0; i < sizeof bad_slots / sizeof bad_slots[0]; i++)
		expect_refused_in_environment("SKUA_TASK_SLOTS", bad_slots[i], "not a number from 16 to 1048573");
	skua_config slots = { .task_slots = 1048574 }, stack = { .stack_bytes = 16383 };
	expect_refused(&slots, "SKUA_TASK_SLOTS=1048574: not a number from 16 to 1048573");
	expect_refused(&stack, "SKUA_STACK=16383: not a number from 16384 to 68719476736");
}

Test(settings, the_limits_themselves_are_allowed)
{
	skua_config least = { .workers = 1, .task_slots = 16, .stack_bytes = 16384 };
	read_good(&least);
	skua_config most = { .workers = 1024, .task_slots = 1048573, .stack_bytes = (size_t)64 << 30 };
	read_good(&most);
	cr_assert_eq(settings.topology.workers, 1024);
	cr_assert_eq(settings.fiber.slot_count, 1048573);
}

Test(settings, numbers_of_workers_without_sense_are_refused_in_words)
{
	static const char *const bad[] = { "abc", "0", "1000000000", "1025", "-2", "2.5", "4294967297",
					   "18446744073709551617" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect_refused_in_environment("SKUA_WORKERS", bad[i], "not a number from 1 to 1024");
	skua_config many = { .workers = 1025 };
	expect_refused(&many, "skua_config.workers=1025: not a number from 1 to 1024");
}

Test(settings, switches_are_0_or_1)
{
	expect_refused_in_environment("SKUA_MEMBARRIER", "yes", "not 0 or 1");
	expect_refused_in_environment("SKUA_BIND_MAIN", "01", "not 0 or 1");
}

Test(settings, an_empty_variable_counts_as_not_set)
{
	static const char *const names[] = { "SKUA_WORKERS", "SKUA_BIND",       "SKUA_BIND_MAIN",
					     "SKUA_STACK",   "SKUA_TASK_SLOTS", "SKUA_MEMBARRIER" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		setenv(names[i], "", 1);
	read_good(NULL);
	cr_assert_eq(settings.topology.workers, 0);
	cr_assert_not(settings.no_membarrier);
}

Test(settings, a_variable_that_the_config_overrides_is_not_looked_at)
{
	skua_config config = { .workers = 2, .stack_bytes = 1 << 20, .task_slots = 100 };
	setenv("SKUA_WORKERS", "abc", 1);
	setenv("SKUA_STACK", "abc", 1);
	setenv("SKUA_TASK_SLOTS", "abc", 1);
	read_good(&config);
	cr_assert_eq(settings.topology.workers, 2);
}

Test(settings, files_by_epoll_or_uring)
{
	read_good(NULL);
	cr_assert_eq(settings.io, SK_IO_AUTO);
	setenv("SKUA_IO", "epoll", 1);
	read_good(NULL);
	cr_assert_eq(settings.io, SK_IO_EPOLL);
	setenv("SKUA_IO", "uring", 1);
	read_good(NULL);
	cr_assert_eq(settings.io, SK_IO_URING);
	expect_refused_in_environment("SKUA_IO", "nonsense", "neither epoll nor uring");
}
