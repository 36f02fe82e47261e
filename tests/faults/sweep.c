/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault sweep: for each kind of call into the system (inject.h), the first one fails, then the second one, and so
 * on until the program runs through without reaching the n-th. For kinds that fail for long when they do, also all from
 * the n-th on.
 *
 * The program (life) starts two workers, uses a bit of everything, and stops. What may come of a failure:
 *
 *     fallback   every result is there, nobody has noticed
 *     error      a call has returned an error that its header knows, everything else was as it should be
 *     panic      a message that says what is missing, then abort; only where `may_panic` says so
 *
 * Afterwards, without failures, the same process lives a second time, without an error and with as many blocks,
 * mappings, threads and descriptors in use as one that never met a failure. Each n has a process of its own, which
 * must end within some seconds.
 *
 *     sweep [every [kind]]     tries n = 1, 1 + every, 1 + 2 every, ... (of the many interruptions every tenth of them)
 */
#include "inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skua/skua.h>

#define SECONDS_MAX 240 /* a process takes a second, on a busy machine many */
#define SAID_BYTES 8192
#define WRONG 3 /* the exit status of a process that found something wrong */

/* What a process tells. */
typedef struct report {
	unsigned seen, errors;
	char first_error[96];
	inject_balance balance;
	unsigned descriptors;
} report;

static report own;

__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_exit(WRONG);
}

#define REQUIRE(condition) ((condition) ? (void)0 : wrong("line %d: not so: %s", __LINE__, #condition))

/* Notes an error, which must be one that the headers name. Returns whether it was one. Tasks of one group at a time. */
static bool failed(const char *call, long result)
{
	/* the last two: the task at the other end has failed, and closed its socket */
	static const int known[] = { ENOMEM,    EAGAIN,    EMFILE,     ENOSPC, EPERM,
				     ETIMEDOUT, ECANCELED, ECONNRESET, EPIPE };
	if (result >= 0)
		return false;
	bool is_known = false;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		is_known |= result == -known[i];
	if (!is_known)
		wrong("%s gave %ld: %s", call, result, skua_strerror((int)result));
	if (__atomic_fetch_add(&own.errors, 1, __ATOMIC_RELAXED) == 0)
		snprintf(own.first_error, sizeof own.first_error, "%s: %s", call, strerrorname_np((int)-result));
	return true;
}

/* --- the program: fork-join and loops --- */

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

SKUA_TASK(long, deep, int, depth)
{
	if (depth == 0)
		return 1;
	SKUA_SPAWN(fib, 1);
	long below = SKUA_CALL(deep, depth - 1);
	return SKUA_SYNC(fib) + below;
}

#define COUNT 3000

typedef struct wide {
	long value, other[39]; /* too big for any place on a stack that the library may have */
} wide;

static wide rows[COUNT], scanned[COUNT];

static void fills(size_t first, size_t end, void *arg)
{
	(void)arg;
	for (size_t i = first; i < end; i++)
		rows[i].value = (long)((i * 1103) % COUNT);
}

static void adds(size_t first, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = first; i < end; i++)
		((wide *)partial)->value += rows[i].value;
}

static void combines(void *into, const void *from, void *arg)
{
	(void)arg;
	((wide *)into)->value += ((const wide *)from)->value;
}

static int compares(const void *a, const void *b)
{
	long x = ((const wide *)a)->value, y = ((const wide *)b)->value;
	return (x > y) - (x < y);
}

SKUA_SORT(sort_wides, wide, a, b, a->value < b->value)

static void loops(void)
{
	static const wide nothing = { 0 };
	static const skua_loop still = { .schedule = SKUA_STATIC };
	const long total = (long)COUNT * (COUNT - 1) / 2;
	wide sum = nothing, ordered = nothing;
	skua_for_with(&still, 0, COUNT, fills, NULL);
	skua_reduce(0, COUNT, &sum, sizeof sum, adds, combines, NULL);
	skua_reduce_ordered(0, 4, &ordered, sizeof ordered, adds, combines, NULL);
	REQUIRE(sum.value == total);
	REQUIRE(ordered.value == rows[0].value + rows[1].value + rows[2].value + rows[3].value);
	skua_scan(scanned, rows, COUNT, sizeof(wide), &nothing, combines, NULL);
	REQUIRE(scanned[COUNT - 1].value == total);
	sort_wides(scanned, 40); /* by insertion and merges, with and without memory for them */
	for (long i = 1; i < 40; i++)
		REQUIRE(scanned[i - 1].value <= scanned[i].value);
	skua_sort(rows, COUNT, sizeof(wide), compares);
	for (long i = 0; i < COUNT; i++)
		REQUIRE(rows[i].value == i);
	skua_local *local = skua_local_create(sizeof(long), NULL, NULL);
	if (!failed("skua_local_create", local ? 0 : -ENOMEM))
		skua_local_destroy(local);
}

/* --- tasks that wait --- */

static void *sleeps(void *arg)
{
	failed("skua_sleep_ns", skua_sleep_ns(20000));
	return arg;
}

static void *same(void *arg)
{
	return arg;
}

static void futures(void)
{
	enum {
		TASKS = 12
	};
	skua_future *future[TASKS];
	for (long i = 0; i < TASKS; i++) {
		future[i] = skua_async(sleeps, &rows[i]);
		failed("skua_async", future[i] ? 0 : -errno);
	}
	for (long i = 0; i < TASKS; i++)
		REQUIRE(!future[i] || skua_await(future[i]) == &rows[i]);
}

/* More than a worker's queue has room for at first, from inside a task. */
static void *starts_many(void *arg)
{
	enum {
		MANY = 150
	};
	skua_future *future[MANY];
	for (long i = 0; i < MANY; i++) {
		future[i] = skua_async(same, &rows[i]);
		failed("skua_async", future[i] ? 0 : -errno);
	}
	for (long i = 0; i < MANY; i++)
		REQUIRE(!future[i] || skua_await(future[i]) == &rows[i]);
	return arg;
}

static void crowds(void)
{
	skua_future *future = skua_async(starts_many, NULL);
	if (!failed("skua_async", future ? 0 : -errno))
		skua_await(future);
}

static skua_channel *channel;

static int sends(void *arg)
{
	for (long i = 0; i < 10; i++)
		failed("skua_channel_send", skua_channel_send(channel, &i));
	skua_channel_close(channel);
	return arg ? 0 : 1;
}

static void receive(void)
{
	long value, sum = 0;
	while (skua_channel_recv(channel, &value) == 0)
		sum += value;
	REQUIRE(sum == 45 || own.errors > 0);
}

static void channels(void)
{
	channel = skua_channel_create(3, sizeof(long));
	if (failed("skua_channel_create", channel ? 0 : -ENOMEM))
		return;
	skua_group group = SKUA_GROUP_INIT;
	if (!failed("skua_group_run", skua_group_run(&group, sends, channel)))
		receive();
	REQUIRE(skua_group_wait(&group) == 0);
	skua_channel_destroy(channel);
}

static skua_key key;
static bool has_key;

static int in_task(void *arg)
{
	static const int number = SIGUSR2;
	static const char *const argv[] = { "true", NULL };
	if (!failed("skua_key_set", skua_key_set(key, arg)))
		REQUIRE(skua_key_get(key) == arg);
	REQUIRE(skua_offload(same, arg) == arg);
	int got = skua_signal_wait_until(&number, 1, skua_now_ns() + 2000000);
	REQUIRE(got < 0);
	if (got != -ETIMEDOUT)
		failed("skua_signal_wait", got);
	skua_process child;
	skua_process_options options = { .argv = argv, .output = SKUA_STDIO_PIPE };
	if (!failed("skua_process_start", skua_process_start(&child, &options))) {
		char byte;
		ptrdiff_t read = skua_read(child.output, &byte, 1);
		failed("skua_read", read);
		REQUIRE(read <= 0);
		REQUIRE(skua_process_wait(&child) == 0);
		skua_close(child.output);
	}
	return 0;
}

/* --- input and output --- */

static int uses_file(void *arg)
{
	char path[64], text[6] = "";
	snprintf(path, sizeof path, "sweep.%d.tmp", (int)getpid());
	int fd = skua_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (failed("skua_open", fd))
		return arg ? 0 : 1;
	ptrdiff_t done = skua_pwrite(fd, "skua!", 5, 0);
	if (!failed("skua_pwrite", done) && !failed("skua_fsync", skua_fsync(fd))) {
		done = skua_pread(fd, text, 5, 0);
		REQUIRE(failed("skua_pread", done) || strcmp(text, "skua!") == 0);
	}
	REQUIRE(skua_close(fd) == 0);
	unlink(path);
	return 0;
}

/* Whoever fails here cancels the other one, which would wait in vain. */
static int serves(void *arg)
{
	char byte = 0;
	int fd = skua_accept(*(int *)arg);
	if (failed("skua_accept", fd))
		return fd;
	ptrdiff_t got = skua_recv(fd, &byte, 1, 0);
	if (!failed("skua_recv", got) && got == 1)
		failed("skua_send", got = skua_send(fd, &byte, 1, 0));
	skua_close(fd);
	return got == 1 ? 0 : -ECANCELED;
}

static int asks(void *arg)
{
	char byte = 'x';
	int fd = skua_dial("127.0.0.1", (unsigned)skua_local_port(*(int *)arg));
	if (failed("skua_dial", fd))
		return fd;
	ptrdiff_t got = skua_send(fd, &byte, 1, 0);
	if (!failed("skua_send", got))
		failed("skua_recv", got = skua_recv(fd, &byte, 1, 0));
	skua_close(fd);
	return got == 1 ? 0 : -ECANCELED;
}

static void sockets(void)
{
	skua_group group = SKUA_GROUP_INIT;
	int listener = skua_listen("127.0.0.1", 0, 8);
	if (failed("skua_listen", listener))
		return;
	if (failed("skua_group_run", skua_group_run(&group, serves, &listener)) ||
	    failed("skua_group_run", skua_group_run(&group, asks, &listener)))
		skua_group_cancel(&group);
	REQUIRE(skua_group_wait(&group) == 0 || own.errors > 0);
	skua_close(listener);
}

/* A name that needs no server. */
static int looks_up(void *arg)
{
	struct addrinfo *list = NULL;
	int error = skua_resolve("localhost", "80", NULL, &list);
	if (!failed("skua_resolve", error) && error == 0)
		freeaddrinfo(list);
	(void)arg;
	return 0;
}

static void input_and_output(void)
{
	skua_group group = SKUA_GROUP_INIT;
	sockets();
	failed("skua_group_run", skua_group_run(&group, looks_up, &group));
	failed("skua_group_run", skua_group_run(&group, uses_file, &group));
	if (has_key)
		failed("skua_group_run", skua_group_run(&group, in_task, &group));
	REQUIRE(skua_group_wait(&group) == 0);
}

static void life(void)
{
	skua_config config = { .workers = 2 };
	if (failed("skua_start", skua_start(&config))) {
		REQUIRE(skua_start_problem()[0] != '\0');
		REQUIRE(skua_workers() == 0);
		return;
	}
	REQUIRE(SKUA_RUN(fib, 12) == 144);
	REQUIRE(SKUA_RUN(deep, 3000) == 3001);
	loops();
	futures();
	crowds();
	channels();
	if (!has_key)
		has_key = !failed("skua_key_create", skua_key_create(&key, NULL));
	input_and_output();
	skua_stop();
	REQUIRE(skua_workers() == 0);
}

/* --- one n --- */

static unsigned descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;
	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

/* In a process of its own. */
static void two_lives(enum inject_kind kind, unsigned nth, bool lasting)
{
	if (kind == INJECT_PROTECT) /* where the kernel has guards without it, it would not be called */
		setenv("SKUA_GUARD", "mprotect", 1);
	inject_arm(kind, nth, lasting);
	life();
	inject_disarm();
	own.seen = inject_seen();
	unsigned errors = own.errors;
	if (own.seen < nth && errors > 0)
		wrong("an error without a failure: %s", own.first_error);
	life();
	if (own.errors != errors)
		wrong("the second life had an error: %s", own.first_error);
	own.balance = inject_outstanding();
	own.descriptors = descriptors();
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
		two_lives(kind, nth, lasting);
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
	for (unsigned nth = 1;; nth += kind == INJECT_WAIT ? 10 * every : every) {
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
