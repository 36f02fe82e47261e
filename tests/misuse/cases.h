/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases of misuse and bad input: each runs in a process of its own, forked before this one has used the library, so
 * that it may die. What it says on stderr and how it ends are compared with what is promised.
 *
 *     static const cases_case all[] = {
 *             { "stop_in_task", stop_in_task, CASES_ABORTS, { "skua_stop" } },
 *     };
 *     return cases_main(all, sizeof all / sizeof all[0], argc, argv);   // program [name of the only case to run]
 *
 * One process with one thread calls this.
 */
#ifndef SK_TESTS_CASES_H
#define SK_TESTS_CASES_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skua/skua.h>

#if defined(__has_feature)
#define CASES_HAS_FEATURE(name) __has_feature(name)
#else
#define CASES_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CASES_HAS_FEATURE(address_sanitizer)
#define CASES_ASAN 1
#else
#define CASES_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || CASES_HAS_FEATURE(thread_sanitizer)
#define CASES_TSAN 1
#else
#define CASES_TSAN 0
#endif

/* Run by an emulator; CMake knows. */
#ifndef CASES_EMULATED
#define CASES_EMULATED 0
#endif

#define CASES_SAYS 4
#define CASES_SECONDS 100

enum cases_end {
	CASES_ABORTS, /* by SIGABRT */
	CASES_EXITS,  /* with 0 */
};

typedef struct cases_case {
	const char *name;
	void (*body)(void);
	enum cases_end end;
	const char *says[CASES_SAYS]; /* each must stand in what the process wrote to stderr */
	int line;                     /* 0, or a line of the file that must be named with it */
} cases_case;

/* In a case: says why it fails, and ends the process so that the driver sees it. */
#define CASES_REQUIRE(condition, ...)                                                                                  \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "line %d: not so: %s: ", __LINE__, #condition);                                \
			fprintf(stderr, __VA_ARGS__);                                                                  \
			fprintf(stderr, "\n");                                                                         \
			_exit(2);                                                                                      \
		}                                                                                                      \
	} while (0)

static inline void cases_child(const cases_case *one, int pipe_end)
{
	dup2(pipe_end, STDERR_FILENO);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	alarm(CASES_SECONDS);
	one->body();
	exit(0);
}

/* What stands in text, or else the first part that does not. */
static inline const char *cases_missing(const cases_case *one, const char *file, const char *text)
{
	static char where[256];
	for (unsigned i = 0; i < CASES_SAYS && one->says[i]; i++)
		if (!strstr(text, one->says[i]))
			return one->says[i];
	const char *slash = strrchr(file, '/');
	snprintf(where, sizeof where, "%s:%d:", slash ? slash + 1 : file, one->line);
	return one->line && !strstr(text, where) ? where : NULL;
}

static inline bool cases_ended_well(const cases_case *one, int status)
{
	if (one->end == CASES_EXITS)
		return WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline bool cases_run(const cases_case *one, const char *file)
{
	static char text[1 << 16];
	int ends[2], status = 0;
	size_t length = 0;
	fflush(NULL);
	if (pipe(ends) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		cases_child(one, ends[1]);
	}
	close(ends[1]);
	ssize_t got;
	while (length < sizeof text - 1 && (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	const char *missing = cases_missing(one, file, text);
	if (cases_ended_well(one, status) && !missing) {
		printf("%s: as promised\n", one->name);
		return true;
	}
	printf("%s: ended with status %#x%s%s, and said:\n%s\n", one->name, (unsigned)status,
	       missing ? ", without the words: " : "", missing ? missing : "", text);
	return false;
}

static inline int cases_main_of(const char *file, const cases_case *all, size_t count, int argc, char **argv)
{
	unsigned run = 0, failed = 0;
	/* The settings of whoever runs the tests are not the cases'. */
	static const char *const settings[] = { "SKUA_WORKERS", "SKUA_BIND",	   "SKUA_BIND_MAIN", "SKUA_STACK",
						"SKUA_TASK_SLOTS", "SKUA_MEMBARRIER", "SKUA_VERBOSE" };
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		unsetenv(settings[i]);
	for (size_t i = 0; i < count; i++) {
		if (argc > 1 && strcmp(argv[1], all[i].name) != 0)
			continue;
		run++;
		failed += !cases_run(&all[i], file);
	}
	printf("%u cases, %u failed\n", run, failed);
	return run == 0 || failed > 0;
}

#define cases_main(all, count, argc, argv) cases_main_of(__FILE__, all, count, argc, argv)

#endif
