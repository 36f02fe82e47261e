/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults: a known address ends in a message, any other fault goes where it would have gone. Each act runs in a child
 * process, whose stderr is read through a pipe (an emulator may add its own words). Sanitizers bring handlers of their
 * own; the child sets the default action first, so that it knows what is underneath.
 */
#include "sys/fault.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/context.h"
#include "sys/memory.h"

#define STACK_BYTES ((size_t)256 * 1024)

static char *guard;

/* Runs act in a child whose stderr is caught in out. Returns: its status as of waitpid. */
static int status_of(void (*act)(void), char *out, size_t size)
{
	int ends[2];
	int status = 0;
	size_t used = 0;
	ssize_t got;

	cr_assert_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		act();
		_exit(0);
	}
	close(ends[1]);
	while (used < size - 1 && (got = read(ends[0], out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return status;
}

static bool died_by(int status, int number)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == number;
}

static void describe_the_guard(void *address, char *out, size_t size)
{
	if ((char *)address >= guard && (char *)address < guard + sk_memory_page())
		snprintf(out, size, "the stack of a test is full");
}

static void touch(char *address)
{
	*(volatile char *)address = 1;
}

static void make_guard(void)
{
	guard = sk_memory_reserve(sk_memory_page());
}

static void touch_the_guard(void)
{
	make_guard();
	sk_fault_start(describe_the_guard);
	touch(guard);
}

static void touch_elsewhere(void)
{
	make_guard();
	sk_fault_start(describe_the_guard);
	touch(sk_memory_reserve(sk_memory_page()));
}

static void send_a_signal(void)
{
	make_guard();
	sk_fault_start(describe_the_guard);
	raise(SIGSEGV);
}

static void touch_after_the_stop(void)
{
	make_guard();
	sk_fault_start(describe_the_guard);
	sk_fault_start(describe_the_guard);
	sk_fault_stop();
	sk_fault_stop();
	touch(guard);
}

static void touch_between_two_stops(void)
{
	make_guard();
	sk_fault_start(describe_the_guard);
	sk_fault_start(describe_the_guard);
	sk_fault_stop();
	touch(guard);
}

/* ---- handlers of the program ---- */

static void *expected_address;

static void exit_if_right(int number, siginfo_t *info, void *context)
{
	_exit(number == SIGSEGV && info->si_addr == expected_address && context ? 42 : 43);
}

static void exit_plainly(int number)
{
	_exit(number == SIGSEGV ? 44 : 45);
}

static void have_a_handler(void)
{
	struct sigaction action = { .sa_sigaction = exit_if_right, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	touch_elsewhere();
}

static void have_a_handler_and_note_the_address(void)
{
	struct sigaction action = { .sa_sigaction = exit_if_right, .sa_flags = SA_SIGINFO };

	make_guard();
	expected_address = sk_memory_reserve(sk_memory_page());
	sigaction(SIGSEGV, &action, NULL);
	sk_fault_start(describe_the_guard);
	touch(expected_address);
}

static void have_a_plain_handler(void)
{
	signal(SIGSEGV, exit_plainly);
	touch_elsewhere();
}

/* Says whether the signal is blocked while its handler runs, and so is SIGUSR1, which the handler asked for. */
static void exit_by_mask(int number)
{
	sigset_t blocked;

	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	_exit(50 + 2 * sigismember(&blocked, SIGUSR1) + sigismember(&blocked, number));
}

static void have_a_handler_with(int flags)
{
	struct sigaction action = { .sa_handler = exit_by_mask, .sa_flags = flags };

	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGSEGV, &action, NULL);
	touch_elsewhere();
}

static void have_a_handler_that_is_deferred(void)
{
	have_a_handler_with(0);
}

static void have_a_handler_that_is_not_deferred(void)
{
	have_a_handler_with(SA_NODEFER);
}

static void ignore_what_is_sent(void)
{
	signal(SIGSEGV, SIG_IGN);
	send_a_signal();
	_exit(9);
}

static void ignore_a_fault(void)
{
	signal(SIGSEGV, SIG_IGN);
	touch_elsewhere();
	_exit(9);
}

static void touch_the_guard_twice_started(void)
{
	make_guard();
	sk_fault_start(describe_the_guard);
	sk_fault_start(describe_the_guard);
	raise(SIGBUS);
}

static struct sigaction below;

static void chain(int number, siginfo_t *info, void *context)
{
	below.sa_sigaction(number, info, context);
}

/* The program installs a handler over skua's and chains to it; skua stops and starts meanwhile. */
static void be_buried(void)
{
	struct sigaction action = { .sa_sigaction = chain, .sa_flags = SA_SIGINFO };

	make_guard();
	sk_fault_start(describe_the_guard);
	sigaction(SIGSEGV, &action, &below);
	sk_fault_stop();
	sk_fault_start(describe_the_guard);
	touch(sk_memory_reserve(sk_memory_page()));
}

/* The same, and the fault comes after the stop: there is nobody to ask about the address. */
static void be_buried_and_stop(void)
{
	struct sigaction action = { .sa_sigaction = chain, .sa_flags = SA_SIGINFO };

	make_guard();
	sk_fault_start(describe_the_guard);
	sigaction(SIGSEGV, &action, &below);
	sk_fault_stop();
	touch(guard);
}

/* The program puts back what it had found, after the handler was taken back. */
static void be_put_back_and_start(void)
{
	struct sigaction found;

	make_guard();
	sk_fault_start(describe_the_guard);
	sigaction(SIGSEGV, NULL, &found);
	sk_fault_stop();
	sigaction(SIGSEGV, &found, NULL);
	sk_fault_start(describe_the_guard);
	touch(guard);
}

static void be_replaced_and_stop(void)
{
	struct sigaction found;

	sk_fault_start(describe_the_guard);
	signal(SIGSEGV, exit_plainly);
	sk_fault_stop();
	sigaction(SIGSEGV, NULL, &found);
	_exit(found.sa_handler == exit_plainly ? 7 : 8);
}

/* ---- a real overflow ---- */

static sk_context home;
static sk_context fiber;

static volatile long deepest = LONG_MAX;

static long __attribute__((noinline)) recurse(long depth)
{
	volatile char room[512];

	room[0] = (char)depth;
	return depth == deepest ? 0 : recurse(depth + 1) + room[0];
}

static void overflow(void *arg)
{
	*(volatile long *)arg = recurse(0);
	abort();
}

static void overflow_a_fiber(void)
{
	char *stack = sk_memory_map(STACK_BYTES);
	long result;

	guard = stack;
	sk_memory_guard(guard, sk_memory_page());
	sk_fault_thread_start();
	sk_fault_start(describe_the_guard);
	sk_context_thread(&home);
	sk_context_make(&fiber, stack + sk_memory_page(), STACK_BYTES - sk_memory_page(), overflow, &result);
	sk_context_switch(&home, &fiber);
}

Test(fault, an_address_that_is_known_ends_in_a_message)
{
	char out[512];

	cr_assert(died_by(status_of(touch_the_guard, out, sizeof out), SIGABRT));
	cr_assert_eq(strstr(out, "skua: the stack of a test is full\n"), out);
}

Test(fault, an_overflow_of_a_stack_ends_in_a_message)
{
	char out[512];

	cr_assert(died_by(status_of(overflow_a_fiber, out, sizeof out), SIGABRT));
	cr_assert_eq(strstr(out, "skua: the stack of a test is full\n"), out);
}

Test(fault, any_other_fault_kills_as_it_always_did)
{
	char out[512];

	cr_assert(died_by(status_of(touch_elsewhere, out, sizeof out), SIGSEGV));
	cr_assert_null(strstr(out, "skua:"));
}

Test(fault, a_signal_that_somebody_sent_kills_as_well)
{
	char out[512];

	cr_assert(died_by(status_of(send_a_signal, out, sizeof out), SIGSEGV));
}

Test(fault, a_handler_of_the_program_gets_the_signal_as_it_came)
{
	char out[512];
	int status = status_of(have_a_handler_and_note_the_address, out, sizeof out);

	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 42);
	status = status_of(have_a_handler, out, sizeof out);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 43);
}

Test(fault, a_handler_of_the_old_kind_is_called_as_well)
{
	char out[512];
	int status = status_of(have_a_plain_handler, out, sizeof out);

	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 44);
}

Test(fault, a_handler_of_the_program_runs_with_the_mask_that_it_asked_for)
{
	char out[512];
	int status = status_of(have_a_handler_that_is_deferred, out, sizeof out);

	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 53, "%d", WEXITSTATUS(status));
	status = status_of(have_a_handler_that_is_not_deferred, out, sizeof out);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 52, "%d", WEXITSTATUS(status));
}

Test(fault, a_signal_that_is_ignored_stays_so_and_a_fault_kills_all_the_same)
{
	char out[512];
	int status = status_of(ignore_what_is_sent, out, sizeof out);

	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 9);
	cr_assert(died_by(status_of(ignore_a_fault, out, sizeof out), SIGSEGV));
	cr_assert(died_by(status_of(touch_the_guard_twice_started, out, sizeof out), SIGBUS));
}

Test(fault, the_last_stop_takes_the_handler_back)
{
	char out[512];

	cr_assert(died_by(status_of(touch_after_the_stop, out, sizeof out), SIGSEGV));
	cr_assert_null(strstr(out, "skua:"));
	cr_assert(died_by(status_of(touch_between_two_stops, out, sizeof out), SIGABRT));
}

Test(fault, a_handler_that_the_program_put_above_is_left_alone)
{
	char out[512];
	int status = status_of(be_replaced_and_stop, out, sizeof out);

	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 7);
}

Test(fault, a_buried_handler_is_not_installed_twice)
{
	char out[512];

	cr_assert(died_by(status_of(be_buried, out, sizeof out), SIGSEGV));
	cr_assert(died_by(status_of(be_buried_and_stop, out, sizeof out), SIGSEGV));
	cr_assert_null(strstr(out, "skua:"));
}

Test(fault, a_handler_that_the_program_has_put_back_is_not_installed_above_itself)
{
	char out[512];

	cr_assert(died_by(status_of(be_put_back_and_start, out, sizeof out), SIGABRT));
	cr_assert_eq(strstr(out, "skua: the stack of a test is full\n"), out);
}

/* ---- alternate stacks ---- */

static void *look_at_the_alternate_stack(void *arg)
{
	stack_t *found = arg;

	for (int i = 0; i < 3; i++)
		if (sk_fault_thread_start() != 0)
			return NULL;
	sigaltstack(NULL, found);
	return NULL;
}

Test(fault, each_thread_gets_one_alternate_stack_that_goes_with_it)
{
	stack_t found;

	for (int i = 0; i < 100; i++) {
		pthread_t thread;

		memset(&found, 0, sizeof found);
		found.ss_flags = SS_DISABLE;
		cr_assert_eq(pthread_create(&thread, NULL, look_at_the_alternate_stack, &found), 0);
		pthread_join(thread, NULL);
		cr_assert_not(found.ss_flags & SS_DISABLE);
		cr_assert_geq(found.ss_size, (size_t)SIGSTKSZ);
	}
}

Test(fault, an_alternate_stack_of_the_program_is_kept)
{
	size_t bytes = (size_t)SIGSTKSZ + 65536;
	stack_t mine = { .ss_sp = malloc(bytes), .ss_size = bytes };
	stack_t none = { .ss_flags = SS_DISABLE };
	stack_t before;
	stack_t found;

	cr_assert_eq(sigaltstack(&mine, &before), 0);
	cr_assert_eq(sk_fault_thread_start(), 0);
	cr_assert_eq(sigaltstack(before.ss_flags & SS_DISABLE ? &none : &before, &found), 0);
	cr_assert(found.ss_sp == mine.ss_sp);
	free(mine.ss_sp);
}
