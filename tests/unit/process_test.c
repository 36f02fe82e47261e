/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: output, exit statuses, signals, what cannot be run, cancelling, no zombies. */
#include "wired.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void expect_no_children(void)
{
	siginfo_t what;
	cr_assert_eq(waitid(P_ALL, 0, &what, WEXITED | WNOHANG | WNOWAIT), -1);
	cr_assert_eq(errno, ECHILD, "no zombie is left");
}

static int shell(skua_process *process, const char *command, skua_process_options how)
{
	const char *argv[] = { "sh", "-c", command, NULL };
	how.argv = argv;
	return skua_process_start(process, &how);
}

static void *hear(void *arg)
{
	char command[64], text[64], expected[64];
	skua_process child;
	int n = int_of(arg);
	snprintf(command, sizeof command, "echo out %d; echo err %d >&2; exit %d", n, n, n);
	skua_process_options how = { .output = SKUA_STDIO_PIPE, .error = SKUA_STDIO_PIPE, .input = SKUA_STDIO_NULL };
	int error = shell(&child, command, how);
	cr_assert_eq(error, 0, "%s", skua_strerror(error));
	cr_assert_eq(child.input, -1);
	ptrdiff_t bytes = skua_read_all(child.output, text, sizeof text);
	snprintf(expected, sizeof expected, "out %d\n", int_of(arg));
	cr_assert(bytes == (ptrdiff_t)strlen(expected) && memcmp(text, expected, (size_t)bytes) == 0);
	bytes = skua_read_all(child.error, text, sizeof text);
	snprintf(expected, sizeof expected, "err %d\n", int_of(arg));
	cr_assert(bytes == (ptrdiff_t)strlen(expected) && memcmp(text, expected, (size_t)bytes) == 0);
	cr_assert_eq(skua_process_wait(&child), int_of(arg));
	cr_assert_eq(skua_process_wait(&child), -ECHILD, "once");
	cr_assert_eq(skua_process_kill(&child, SIGTERM), -ESRCH);
	skua_close(child.output);
	skua_close(child.error);
	return NULL;
}

static void ten(void)
{
	skua_future *hearing[10];
	unsigned before = count_open();
	for (int i = 0; i < 10; i++)
		hearing[i] = skua_async(hear, number(i));
	for (int i = 0; i < 10; i++)
		skua_await(hearing[i]);
	hear(number(77));
	expect_no_children();
	cr_assert_leq(count_open(), before + 3, "epoll, its eventfd, a ring");
}

Test(process, ten_children_are_heard)
{
	wired(1, 2, ten);
}

/* --- standard descriptors --- */

static void *filter(void *arg)
{
	skua_process child;
	char text[8];
	skua_process_options how = { .input = SKUA_STDIO_PIPE, .output = SKUA_STDIO_PIPE };
	const char *argv[] = { "tr", "a-z", "A-Z", NULL };
	how.argv = argv;
	cr_assert_eq(skua_process_start(&child, &how), 0);
	cr_assert_eq(skua_write_all(child.input, "abc", 3), 3);
	skua_close(child.input);
	cr_assert_eq(skua_read_all(child.output, text, sizeof text), 3);
	cr_assert_arr_eq(text, "ABC", 3);
	skua_close(child.output);
	cr_assert_eq(skua_process_wait(&child), 0);
	return arg;
}

/* Of the test's surroundings, above the standard ones. */
static int count_inherited(void)
{
	int count = 0;
	for (int fd = 3; fd < 4096; fd++) {
		int flags = fcntl(fd, F_GETFD);
		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

static void *redirect(void *arg)
{
	skua_process child;
	char text[32], expected[32];
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	skua_process_options how = { .output = ends[1], .error = SKUA_STDIO_OUTPUT };
	cr_assert_eq(shell(&child, "echo a; echo b >&2; ls /proc/self/fd | wc -l", how), 0);
	close(ends[1]);
	cr_assert_eq(skua_process_wait(&child), 0);
	int bytes = snprintf(expected, sizeof expected, "a\nb\n%d\n", 4 + count_inherited());
	cr_assert_eq(skua_read_all(ends[0], text, sizeof text), bytes);
	cr_assert_arr_eq(text, expected, (size_t)bytes, "three, the one of ls, and no others");
	close(ends[0]);
	/* Output that goes where the caller's error goes, and the other way round: 1 and 2 are exchanged. */
	how = (skua_process_options){ .output = 2, .error = 1 };
	const char *exchanged = "[ /proc/self/fd/1 -ef /proc/$PPID/fd/2 ] && [ /proc/self/fd/2 -ef /proc/$PPID/fd/1 ]";
	cr_assert_eq(shell(&child, exchanged, how), 0);
	cr_assert_eq(skua_process_wait(&child), 0);
	how = (skua_process_options){ .input = -9 };
	cr_assert_eq(shell(&child, "true", how), -EINVAL);
	how = (skua_process_options){ .output = SKUA_STDIO_OUTPUT };
	cr_assert_eq(shell(&child, "true", how), -EINVAL, "it cannot be its own");
#if !UNIT_EMULATED /* see the ends */
	how = (skua_process_options){ .output = 4000 };
	cr_assert_eq(shell(&child, "true", how), -EBADF);
#endif
	how = (skua_process_options){ .argv = NULL };
	cr_assert_eq(skua_process_start(&child, &how), -EINVAL);
	how.argv = (const char *const[]){ NULL };
	cr_assert_eq(skua_process_start(&child, &how), -EINVAL);
	return arg;
}

static void *surroundings(void *arg)
{
	skua_process child;
	const char *envp[] = { "SKUA_TEST_WORD=bird", NULL };
	skua_process_options how = { .envp = envp, .directory = "/tmp" };
	const char *as_told = "[ \"$SKUA_TEST_WORD\" = bird ] && [ -z \"$HOME\" ] && [ \"$PWD\" = /tmp ]";
	cr_assert_eq(shell(&child, as_told, how), 0);
	cr_assert_eq(skua_process_wait(&child), 0);
	return arg;
}

static void standards(void)
{
	everywhere(filter, NULL);
	everywhere(redirect, NULL);
	everywhere(surroundings, NULL);
	expect_no_children();
}

Test(process, standard_descriptors_and_surroundings)
{
	wired(1, 2, standards);
}

/* A program that was started without standard descriptors: the pipes for its children take their numbers at first. */
static int with_nothing_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	skua_process child;
	char text[8];
	const char *argv[] = { "tr", "a-z", "A-Z", NULL };
	skua_process_options how = { .argv = argv, .input = SKUA_STDIO_PIPE, .output = SKUA_STDIO_PIPE };
	how.error = SKUA_STDIO_NULL;
	if (skua_process_start(&child, &how) != 0)
		return 1;
	if (child.input <= STDERR_FILENO || child.output <= STDERR_FILENO)
		return 2;
	if (skua_write_all(child.input, "abc", 3) != 3 || skua_close(child.input) != 0)
		return 3;
	if (skua_read_all(child.output, text, sizeof text) != 3 || memcmp(text, "ABC", 3) != 0)
		return 4;
	skua_close(child.output);
	return skua_process_wait(&child) == 0 ? 0 : 5;
}

Test(process, a_program_without_standard_descriptors_has_children_with)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(with_nothing_open());
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}

/* The same with room for one descriptor more, or for none: the status is the step that went wrong. */
#if !UNIT_EMULATED /* the emulator has descriptors of its own among ours */
static int with_no_descriptor_left(void)
{
	struct rlimit few;
	skua_process child;
	const char *argv[] = { "true", NULL };
	skua_process_options null = { .argv = argv, .input = SKUA_STDIO_NULL };
	skua_process_options copy = { .argv = argv, .output = STDERR_FILENO };
	skua_process_options piped = { .argv = argv, .output = SKUA_STDIO_PIPE };
	for (int fd = STDERR_FILENO + 2; fd < 4096; fd++)
		close(fd);
	if (dup2(STDERR_FILENO, STDERR_FILENO + 1) < 0 || getrlimit(RLIMIT_NOFILE, &few) != 0)
		return 1;
	few.rlim_cur = STDERR_FILENO + 2;
	if (setrlimit(RLIMIT_NOFILE, &few) != 0)
		return 2;
	if (skua_process_start(&child, &null) != -EMFILE)
		return 3;
	if (skua_process_start(&child, &copy) != -EMFILE)
		return 4;
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (skua_process_start(&child, &piped) != -EMFILE)
		return 5;
	close(STDERR_FILENO + 1);
	if (skua_process_start(&child, &piped) != -EMFILE)
		return 6;
	return count_open() == 1 ? 0 : 7;
}

Test(process, a_start_without_descriptors_fails_and_leaves_none_behind)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(with_no_descriptor_left());
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}
#endif

/* --- ends --- */

/* qemu-user forks where vfork is meant, so a start there cannot tell that it failed. */
static void cannot_start(unsigned open_before)
{
#if !UNIT_EMULATED
	skua_process child;
	const char *nothing[] = { "/no/such/program", NULL }, *no_program[] = { "/tmp", NULL };
	skua_process_options how = { .argv = nothing, .output = SKUA_STDIO_PIPE, .input = SKUA_STDIO_PIPE };
	cr_assert_eq(skua_process_start(&child, &how), -ENOENT);
	how.argv = no_program;
	cr_assert_eq(skua_process_start(&child, &how), -EACCES);
	how.argv = NULL;
	cr_assert_eq(skua_process_start(&child, &how), -EINVAL);
	how = (skua_process_options){ .directory = "/no/such/directory" };
	cr_assert_eq(shell(&child, "true", how), -ENOENT);
	cr_assert_leq(count_open(), open_before + 3, "a failed start leaves nothing behind");
#else
	(void)open_before;
#endif
}

static void *ends(void *arg)
{
	skua_process child;
	cannot_start(count_open());
	skua_process_options how = { 0 };
	cr_assert_eq(shell(&child, "exec sleep 100", how), 0);
	uint64_t until = skua_now_ns() + MS;
	cr_assert_eq(skua_process_wait_until(&child, until), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), until);
	cr_assert_eq(skua_process_kill(&child, 0), 0);
	cr_assert_eq(skua_process_kill(&child, 12345), -EINVAL);
	cr_assert_eq(skua_process_kill(&child, SIGTERM), 0);
	cr_assert_eq(skua_process_wait(&child), 256 + SIGTERM);
	/* Signals that the worker blocks are not blocked in the child. */
	cr_assert_eq(shell(&child, "kill -USR1 $$; exec sleep 100", how), 0);
	cr_assert_eq(skua_process_wait(&child), 256 + SIGUSR1);
	return arg;
}

static void all_ends(void)
{
	everywhere(ends, NULL);
	expect_no_children();
}

Test(process, exit_statuses_signals_and_what_cannot_be_run)
{
	wired(1, 2, all_ends);
}

typedef struct cancelled {
	bool kills;
	skua_process child;
	flag is_started;
} cancelled;

static void *wait_long(void *arg)
{
	cancelled *self = arg;
	skua_process_options how = { .kill_on_cancel = self->kills };
	cr_assert_eq(shell(&self->child, "exec sleep 100", how), 0);
	flag_raise(&self->is_started);
	return number(skua_process_wait(&self->child));
}

static void cancelling(void)
{
	cancelled with = { .kills = true }, without = { .kills = false };
	skua_future *a = skua_async(wait_long, &with), *b = skua_async(wait_long, &without);
	flag_await(&with.is_started);
	flag_await(&without.is_started);
	skua_sleep_ns(10 * MS);
	skua_cancel(a);
	skua_cancel(b);
	int first = int_of(skua_await(a)), second = int_of(skua_await(b));
	cr_assert_eq(first, -ECANCELED, "%s", skua_strerror(first));
	cr_assert_eq(second, -ECANCELED, "%s", skua_strerror(second));
	cr_assert_eq(skua_process_wait(&with.child), -ECHILD, "it was killed and seen off");
	cr_assert_eq(skua_process_wait_until(&without.child, 0), -ETIMEDOUT, "it runs on");
	cr_assert_eq(skua_process_kill(&without.child, SIGKILL), 0);
	cr_assert_eq(skua_process_wait(&without.child), 256 + SIGKILL);
	expect_no_children();
}

Test(process, a_cancelled_wait_kills_if_asked_to)
{
	wired(1, 2, cancelling);
}
