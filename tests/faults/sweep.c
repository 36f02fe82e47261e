/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault sweep: for each kind of call into the system (inject.h), the first one fails, then the second one, and so
 * on until the program runs through without reaching the n-th. For kinds that fail for long when they do, also all from
 * the n-th on.
 *
 * What may come of a failure in the program (life.h):
 *
 *     fallback   every result is there, nobody has noticed
 *     error      a call has returned an error that its header knows, everything else was as it should be
 *     panic      a message that says what is missing, then abort; only where `may_panic` says so
 *
 * Afterwards, without failures, the same process lives a second time, without an error and with as many blocks,
 * mappings, threads and descriptors in use as one that never met a failure. Each n has a process of its own, which
 * must end within some seconds.
 *
 *     sweep [every [kind]]     tries n = 1, 1 + every, 1 + 2 every, ... (of the many interruptions every tenth of them,
 *                              of the few keys each)
 */
#include "inject.h"
#include "life.h"
#include "../folder.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 240 /* a process takes a second, on a busy machine many */
#define SAID_BYTES 8192

/* What a process tells. */
typedef struct report {
	unsigned seen, errors;
	char first_error[sizeof life_first_error];
	inject_balance balance;
	unsigned descriptors;
} report;

/* --- one n --- */

/* In a process of its own. */
static report two_lives(enum inject_kind kind, unsigned nth, bool lasting)
{
	if (kind == INJECT_PROTECT) /* where the kernel has guards without it, it would not be called */
		setenv("SKUA_GUARD", "mprotect", 1);
	inject_arm(kind, nth, lasting);
	life();
	inject_disarm();
	report own = { .seen = inject_seen(), .errors = life_errors };
	if (own.seen < nth && own.errors > 0)
		life_wrong("an error without a failure: %s", life_first_error);
	life();
	if (life_errors != own.errors)
		life_wrong("the second life had an error: %s", life_first_error);
	memcpy(own.first_error, life_first_error, sizeof own.first_error);
	own.balance = inject_outstanding();
	own.descriptors = folder_entries("/proc/self/fd");
	return own;
}

/* What cannot return an error: a plain thread's wait, an ordered reduction, a lone scan, a spawn. */
static bool may_panic(const char *said)
{
	static const char *const lacks[] = { "no memory for a thread to wait with", "no thread-specific key is left",
		                             "no memory for a partial result", "no memory for more than" };
	for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++)
		if (strstr(said, lacks[i]))
			return true;
	return false;
}

enum end {
	THROUGH,
	FALLBACK,
	ERROR,
	PANIC,
	HANG,
	BAD
};

/* Runs it, and hears what it says and how it ends. */
static enum end run(enum inject_kind kind, unsigned nth, bool lasting, report *told, char *said)
{
	int words[2], numbers[2], status = 0;
	fflush(NULL);
	if (pipe(words) != 0 || pipe(numbers) != 0)
		return BAD;
	pid_t pid = fork();
	if (pid == 0) {
		close(words[0]);
		close(numbers[0]);
		dup2(words[1], STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		alarm(SECONDS_MAX);
		report own = two_lives(kind, nth, lasting);
		(void)!write(numbers[1], &own, sizeof own);
		exit(0);
	}
	close(words[1]);
	close(numbers[1]);
	size_t length = 0;
	ssize_t got;
	while (length < SAID_BYTES - 1 && (got = read(words[0], said + length, SAID_BYTES - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	bool has_told = read(numbers[0], told, sizeof *told) == sizeof *told;
	close(words[0]);
	close(numbers[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return BAD;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return HANG;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, "skua: "))
		return PANIC;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !has_told)
		return BAD;
	return told->seen < nth ? THROUGH : told->errors > 0 ? ERROR : FALLBACK;
}

/* --- the sweep --- */

static const struct {
	const char *name, *calls;
	bool lasts;
} kinds[] = {
#define KIND(id, name, calls, lasts) [INJECT_##id] = { name, calls, lasts },
	INJECT_KINDS(KIND)
#undef KIND
};

static report clean; /* of a process that met no failure */

static bool leaks(const report *told)
{
	return told->balance.blocks > clean.balance.blocks || told->balance.mappings > clean.balance.mappings ||
	       told->balance.threads != 0 || told->descriptors > clean.descriptors;
}

/* Remembers the errors that were seen, each once. */
static void collect(char *list, size_t size, const char *error)
{
	size_t length = strlen(list);
	if (!strstr(list, error) && length + strlen(error) + 3 < size)
		snprintf(list + length, size - length, "%s%s", length > 0 ? ", " : "", error);
}

/* Returns the number of bad ends. */
static unsigned sweep(enum inject_kind kind, bool lasting, unsigned every)
{
	static char said[SAID_BYTES];
	char errors[400] = "";
	unsigned ends[BAD + 1] = { 0 }, tried = 0, bad = 0;
	unsigned step = kind == INJECT_WAIT ? 10 * every : kind == INJECT_KEY ? 1 : every;
	for (unsigned nth = 1;; nth += step) {
		report told = { 0 };
		enum end end = run(kind, nth, lasting, &told, said);
		ends[end]++;
		bool is_bad = end == HANG || end == BAD || (end == PANIC && !may_panic(said));
		bool leaked = !is_bad && end != PANIC && leaks(&told);
		if (is_bad || leaked) {
			bad++;
			printf("%s %u%s: %s\n%s\n", kinds[kind].name, nth, lasting ? " and all later" : "",
			       end == HANG ? "hangs"
			       : leaked    ? "leaks"
			                   : "goes wrong",
			       said);
			if (leaked)
				printf("blocks %ld (%ld), mappings %ld (%ld), threads %ld, descriptors %u (%u)\n",
				       told.balance.blocks, clean.balance.blocks, told.balance.mappings,
				       clean.balance.mappings, told.balance.threads, told.descriptors,
				       clean.descriptors);
		}
		if (end == THROUGH)
			break;
		tried++;
		if (end == ERROR)
			collect(errors, sizeof errors, told.first_error);
		if (end == PANIC)
			collect(errors, sizeof errors, strtok(strstr(said, "skua: "), "\n"));
		if (bad > 5)
			break;
	}
	printf("| %-10s | %-5s | %4u | %4u | %4u | %3u | %3u | %s |\n", kinds[kind].name, lasting ? "all" : "one",
	       tried, ends[FALLBACK], ends[ERROR], ends[PANIC], bad, errors);
	fflush(stdout);
	return bad;
}

int main(int argc, char **argv)
{
	static char said[SAID_BYTES];
	unsigned every = argc > 1 ? (unsigned)atoi(argv[1]) : 1, bad = 0;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 3; i++) { /* a cache may be filled a bit more or less */
		report told = { 0 };
		if (run(INJECT_NOTHING, 1, false, &told, said) != THROUGH) {
			printf("it does not run without failures:\n%s\n", said);
			return 1;
		}
		if (told.balance.blocks >= clean.balance.blocks)
			clean.balance.blocks = told.balance.blocks;
		if (told.balance.mappings >= clean.balance.mappings)
			clean.balance.mappings = told.balance.mappings;
		if (told.descriptors >= clean.descriptors)
			clean.descriptors = told.descriptors;
	}
	/* The first thread may keep memory for its signal stack. */
	clean.balance.mappings += clean.balance.mappings == 0;
	printf("in use after two lives: %ld blocks, %ld mappings, %u descriptors\n", clean.balance.blocks,
	       clean.balance.mappings, clean.descriptors);
	printf("| failing    | which | n    | fallback | error | panic | bad | first errors |\n");
	for (int kind = 0; kind < INJECT_KINDS_COUNT; kind++) {
		if (argc > 2 && strcmp(argv[2], kinds[kind].name) != 0)
			continue;
		bad += sweep((enum inject_kind)kind, false, every);
		if (kinds[kind].lasts)
			bad += sweep((enum inject_kind)kind, true, every);
	}
	printf("%u bad\n", bad);
	return bad > 0;
}
