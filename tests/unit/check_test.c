/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and panics. What is printed on the way to abort is read through a pipe from a child process. The level of the
 * checks is set anew between the tests, whatever level the library was built with.
 */
#include "base/check.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs act in a child whose stderr is caught in out. Returns: the signal that ended the child, or 0. */
static int ended_by(void (*act)(void), char *out, size_t size)
{
	int ends[2];
	int status = 0;
	size_t used = 0;
	ssize_t got;

	cr_assert_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		act();
		_exit(0);
	}
	close(ends[1]);
	while (used < size - 1 && (got = read(ends[0], out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* An emulator may add its own words about a death. */
static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void dump_a_word(int fd)
{
	sk_print(fd, "the hook was here");
}

static void panic_again(int fd)
{
	sk_print(fd, "once");
	sk_panic("second");
}

static void panic_plainly(void)
{
	sk_panic("%d sheep", 7);
}

static void panic_with_a_hook(void)
{
	sk_panic_hook_set(dump_a_word);
	sk_panic("first");
}

static void panic_in_the_hook(void)
{
	sk_panic_hook_set(panic_again);
	sk_panic("first");
}

static void *panic_as_the_second(void *unused)
{
	sk_panic("another thread");
	return unused;
}

/* While the first report is being printed, another thread comes; the hook waits until it has said so. */
static void let_another_panic(int fd)
{
	pthread_t other;

	pthread_create(&other, NULL, panic_as_the_second, NULL);
	usleep(200000);
	sk_print(fd, "the report is whole");
}

static void panic_in_two_threads(void)
{
	sk_panic_hook_set(let_another_panic);
	sk_panic("first");
}

static void print_a_long_text(void)
{
	char text[5000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	sk_print(STDERR_FILENO, "%s", text);
}

static void be_verbose(void)
{
	sk_verbose("%s", "told");
}

Test(check, a_panic_prints_its_message_and_aborts)
{
	char out[256];

	cr_assert_eq(ended_by(panic_plainly, out, sizeof out), SIGABRT);
	cr_assert(starts_with(out, "skua: 7 sheep\n"));
}

Test(check, a_panic_runs_the_hook_after_its_message)
{
	char out[256];

	cr_assert_eq(ended_by(panic_with_a_hook, out, sizeof out), SIGABRT);
	cr_assert(starts_with(out, "skua: first\nskua: the hook was here\n"));
}

Test(check, a_panic_inside_the_hook_does_not_run_it_again)
{
	char out[256];

	cr_assert_eq(ended_by(panic_in_the_hook, out, sizeof out), SIGABRT);
	cr_assert(starts_with(out, "skua: first\nskua: once\nskua: second\n"));
}

Test(check, a_panic_of_another_thread_lets_the_first_finish_its_report)
{
	char out[256];

	cr_assert_eq(ended_by(panic_in_two_threads, out, sizeof out), SIGABRT);
	cr_assert(starts_with(out, "skua: first\nskua: another thread\nskua: the report is whole\n"), "%s", out);
}

Test(check, setting_a_hook_gives_back_the_one_before)
{
	cr_assert(sk_panic_hook_set(dump_a_word) == NULL);
	cr_assert(sk_panic_hook_set(NULL) == dump_a_word);
}

Test(check, a_text_that_is_too_long_is_cut_and_still_ends_its_line)
{
	char out[6000];

	cr_assert_eq(ended_by(print_a_long_text, out, sizeof out), 0);
	cr_assert_gt(strlen(out), 1000);
	cr_assert_lt(strlen(out), 1100);
	cr_assert_eq(out[strlen(out) - 1], '\n');
}

Test(check, verbose_texts_are_printed_only_on_request)
{
	char out[256];

	unsetenv("SKUA_VERBOSE");
	ended_by(be_verbose, out, sizeof out);
	cr_assert_str_eq(out, "");
	setenv("SKUA_VERBOSE", "0", 1);
	ended_by(be_verbose, out, sizeof out);
	cr_assert_str_eq(out, "");
	setenv("SKUA_VERBOSE", "", 1);
	ended_by(be_verbose, out, sizeof out);
	cr_assert_str_eq(out, "");
	setenv("SKUA_VERBOSE", "1", 1);
	ended_by(be_verbose, out, sizeof out);
	cr_assert_str_eq(out, "skua: told\n");
}

#undef SK_CHECK_LEVEL
#define SK_CHECK_LEVEL 3

static void break_a_rule(void)
{
	SK_REQUIRE(1 + 1 == 3, "the sum is wrong");
}

static void break_an_invariant(void)
{
	SK_INVARIANT(1 + 1 == 3, "I3: sums are right");
}

static void keep_all(void)
{
	SK_REQUIRE(1 + 1 == 2, "the sum is wrong");
	SK_INVARIANT(1 + 1 == 2, "I3: sums are right");
	SK_WALK(1 + 1 == 2, "I4: all sums are right");
}

Test(check, misuse_is_told_with_the_place_where_it_was_found)
{
	char out[512];

	cr_assert_eq(ended_by(break_a_rule, out, sizeof out), SIGABRT);
	cr_assert_not_null(strstr(out, "skua: misuse: the sum is wrong (break_a_rule, "));
	cr_assert_not_null(strstr(out, "check_test.c:"));
}

Test(check, a_broken_invariant_is_told_by_its_number)
{
	char out[512];

	cr_assert_eq(ended_by(break_an_invariant, out, sizeof out), SIGABRT);
	cr_assert_not_null(strstr(out, "skua: broken invariant: I3: sums are right"));
}

Test(check, conditions_that_hold_are_silent)
{
	char out[64];

	cr_assert_eq(ended_by(keep_all, out, sizeof out), 0);
	cr_assert_str_eq(out, "");
}

#undef SK_CHECK_LEVEL
#define SK_CHECK_LEVEL 1

Test(check, a_check_above_the_level_is_not_evaluated)
{
	int evaluated = 0;

	SK_REQUIRE(++evaluated, "counts");
	SK_INVARIANT(++evaluated, "I1: does not");
	SK_WALK(++evaluated, "I2: does not");
	cr_assert_eq(evaluated, 1);
}
