/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for Criterion where that cannot run: under ThreadSanitizer (its sandbox needs addresses that the sanitizer
 * occupies) and in a cross-build. The same tests compile against either; here is the part of Criterion's interface
 * that they use.
 *
 * Each test runs in a child process, one after the other. A failed cr_assert ends the test, a failed cr_expect is
 * counted. A test fails also by a wrong exit status, a signal, or after its timeout (default 60 seconds). The exit
 * status of the program is 0 if no test failed. An argument is a text that the names of the tests to run contain.
 *
 * Call from: assertions, any thread of a test. One file per program.
 */
#ifndef SK_TESTS_PLAIN_CRITERION_H
#define SK_TESTS_PLAIN_CRITERION_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct plain_options {
	int signal;         /* the signal that must end it */
	int exit_code;      /* the exit status that it must have */
	double timeout;     /* seconds */
	bool disabled;      /* is not run, and is told as such */
	void (*init)(void); /* before, in the same process */
	void (*fini)(void); /* after, unless an assertion failed */
	const char *description;
} plain_options;

typedef struct plain_test {
	const char *suite;
	const char *name;
	void (*body)(void);
	const plain_options *options;
	const plain_options *suite_options; /* NULL: none */
	struct plain_test *next;
} plain_test;

#define PLAIN_SKIPPED 77

static plain_test *plain_tests;
static int plain_failures; /* of the running test; any thread adds */

static inline void plain_register(plain_test *test)
{
	plain_test **end = &plain_tests;
	while (*end)
		end = &(*end)->next;
	*end = test;
}

#define Test(suite_, name_, ...)                                                                                       \
	static void suite_##_##name_##_body(void);                                                                     \
	static const plain_options suite_##_##name_##_options = { __VA_ARGS__ };                                       \
	extern const plain_options suite_##_suite_options __attribute__((weak));                                       \
	static plain_test suite_##_##name_##_test = { #suite_, #name_, suite_##_##name_##_body,                        \
						      &suite_##_##name_##_options, NULL, NULL };                       \
	__attribute__((constructor)) static void suite_##_##name_##_register(void)                                     \
	{                                                                                                              \
		suite_##_##name_##_test.suite_options = &suite_##_suite_options;                                       \
		plain_register(&suite_##_##name_##_test);                                                              \
	}                                                                                                              \
	static void suite_##_##name_##_body(void)

#define TestSuite(suite_, ...)                                                                                         \
	extern const plain_options suite_##_suite_options __attribute__((weak));                                       \
	const plain_options suite_##_suite_options = { __VA_ARGS__ }

static inline void plain_failed(bool fatal, const char *file, int line, const char *what, const char *format, ...)
{
	char message[512] = "";
	va_list list;
	va_start(list, format);
	vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	fprintf(stderr, "%s:%d: failed: %s%s%s\n", file, line, what, *message ? ": " : "", message);
	__atomic_fetch_add(&plain_failures, 1, __ATOMIC_RELAXED);
	if (fatal) {
		fflush(NULL);
		_exit(1);
	}
}

#define PLAIN_CHECK(fatal, condition, ...)                                                                             \
	((condition) ? (void)0 : plain_failed((fatal), __FILE__, __LINE__, #condition, "" __VA_ARGS__))

#define cr_assert(condition, ...) PLAIN_CHECK(true, condition, __VA_ARGS__)
#define cr_assert_not(condition, ...) PLAIN_CHECK(true, !(condition), __VA_ARGS__)
#define cr_assert_eq(a, b, ...) PLAIN_CHECK(true, (a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...) PLAIN_CHECK(true, (a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...) PLAIN_CHECK(true, (a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...) PLAIN_CHECK(true, (a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...) PLAIN_CHECK(true, (a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...) PLAIN_CHECK(true, (a) >= (b), __VA_ARGS__)
#define cr_assert_null(a, ...) PLAIN_CHECK(true, (a) == NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...) PLAIN_CHECK(true, (a) != NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) PLAIN_CHECK(true, strcmp((a), (b)) == 0, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...) PLAIN_CHECK(true, strcmp((a), (b)) != 0, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) PLAIN_CHECK(true, *(a) == '\0', __VA_ARGS__)
#define cr_assert_str_not_empty(a, ...) PLAIN_CHECK(true, *(a) != '\0', __VA_ARGS__)
#define cr_assert_arr_eq(a, b, bytes, ...) PLAIN_CHECK(true, memcmp((a), (b), (bytes)) == 0, __VA_ARGS__)
#define cr_assert_float_eq(a, b, off, ...)                                                                             \
	PLAIN_CHECK(true, (a) - (b) <= (off) && (b) - (a) <= (off), __VA_ARGS__)
#define cr_assert_fail(...) plain_failed(true, __FILE__, __LINE__, "told so", "" __VA_ARGS__)

#define cr_expect(condition, ...) PLAIN_CHECK(false, condition, __VA_ARGS__)
#define cr_expect_not(condition, ...) PLAIN_CHECK(false, !(condition), __VA_ARGS__)
#define cr_expect_eq(a, b, ...) PLAIN_CHECK(false, (a) == (b), __VA_ARGS__)
#define cr_expect_neq(a, b, ...) PLAIN_CHECK(false, (a) != (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...) PLAIN_CHECK(false, (a) < (b), __VA_ARGS__)
#define cr_expect_leq(a, b, ...) PLAIN_CHECK(false, (a) <= (b), __VA_ARGS__)
#define cr_expect_gt(a, b, ...) PLAIN_CHECK(false, (a) > (b), __VA_ARGS__)
#define cr_expect_geq(a, b, ...) PLAIN_CHECK(false, (a) >= (b), __VA_ARGS__)
#define cr_expect_null(a, ...) PLAIN_CHECK(false, (a) == NULL, __VA_ARGS__)
#define cr_expect_not_null(a, ...) PLAIN_CHECK(false, (a) != NULL, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) PLAIN_CHECK(false, strcmp((a), (b)) == 0, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...) PLAIN_CHECK(false, strcmp((a), (b)) != 0, __VA_ARGS__)
#define cr_expect_fail(...) plain_failed(false, __FILE__, __LINE__, "told so", "" __VA_ARGS__)
#define cr_fail(...) cr_expect_fail(__VA_ARGS__)
#define cr_fatal(...) cr_assert_fail(__VA_ARGS__)

#define cr_log_info(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr))
#define cr_log_warn(...) cr_log_info(__VA_ARGS__)
#define cr_log_error(...) cr_log_info(__VA_ARGS__)
#define cr_skip_test(...) (cr_log_info("" __VA_ARGS__), fflush(NULL), _exit(PLAIN_SKIPPED))
#define cr_skip(...) cr_skip_test(__VA_ARGS__)

static inline void plain_child(const plain_test *test)
{
	void (*suite_init)(void) = test->suite_options ? test->suite_options->init : NULL;
	void (*suite_fini)(void) = test->suite_options ? test->suite_options->fini : NULL;
	double timeout = test->options->timeout;
	if (timeout <= 0 && test->suite_options)
		timeout = test->suite_options->timeout;
	alarm(timeout > 0 ? (unsigned)timeout + 1 : 60);
	if (suite_init)
		suite_init();
	if (test->options->init)
		test->options->init();
	test->body();
	if (test->options->fini)
		test->options->fini();
	if (suite_fini)
		suite_fini();
	exit(__atomic_load_n(&plain_failures, __ATOMIC_RELAXED) != 0);
}

/* Runs one test. Returns: 0 passed, 1 failed, PLAIN_SKIPPED. */
static inline int plain_run(const plain_test *test)
{
	int status = 0;
	if (test->options->disabled)
		return PLAIN_SKIPPED;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		plain_child(test);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == PLAIN_SKIPPED && test->options->exit_code != PLAIN_SKIPPED)
		return PLAIN_SKIPPED;
	if (test->options->signal ? WIFSIGNALED(status) && WTERMSIG(status) == test->options->signal
				  : WIFEXITED(status) && WEXITSTATUS(status) == test->options->exit_code)
		return 0;
	if (WIFSIGNALED(status))
		fprintf(stderr, "ended by signal %d%s\n", WTERMSIG(status),
			WTERMSIG(status) == SIGALRM ? ": it took too long" : "");
	else
		fprintf(stderr, "ended with status %d\n", WEXITSTATUS(status));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned ran = 0, failed = 0, skipped = 0;
	for (const plain_test *test = plain_tests; test; test = test->next) {
		char name[256];
		snprintf(name, sizeof(name), "%s::%s", test->suite, test->name);
		if (argc > 1 && !strstr(name, argv[1]))
			continue;
		int result = plain_run(test);
		ran++;
		failed += result == 1;
		skipped += result == PLAIN_SKIPPED;
		if (result)
			fprintf(stderr, "[%s] %s\n", result == 1 ? "FAIL" : "SKIP", name);
	}
	printf("%u tests, %u failed, %u skipped\n", ran, failed, skipped);
	return failed != 0 || ran == 0;
}

#endif
