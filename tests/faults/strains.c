/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strains: what happens to a process from outside, while it lives (life.h) as in the fault sweep.
 *
 *     halted     each thread but the first stands still for a while, in turn, and the others go on (by ptrace)
 *     stopped    all of it is stopped and continued
 *     signals    each thread gets a signal every 100 us, whose handler interrupts what it waits in
 *     crowd      32 workers for each processor
 *     files      so few descriptors, for each number
 *     space      so little address space more than at its start (RLIMIT_AS), from 64 KiB on, half as much again each
 *                time (the memory of a control group is not refused: its end is a kill)
 *     overflow   a task without an end to its calls, on a big fiber and on a small one
 *
 * What may come of it is what may come of a refusal: see sweep.c, and `may_panic` below. Afterwards, without the
 * strain, the same process lives once more without an error.
 *
 *     strains [strain]
 */
#include "life.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <skua/skua.h>

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||                 \
        HAS_FEATURE(thread_sanitizer)
#define HAS_SHADOW 1 /* address space is no measure, and the stacks are bigger */
#else
#define HAS_SHADOW 0
#endif

#define SECONDS_MAX 240
#define SAID_BYTES 8192
#define IMPOSSIBLE_HERE 77 /* the exit status */

enum end {
	FALLBACK,
	ERROR,
	PANIC,
	IMPOSSIBLE,
	HANG,
	BAD
};

/* What the process and its parent tell each other. */
static struct shared {
	volatile sig_atomic_t is_strained;
	unsigned errors;
	char first_error[sizeof life_first_error];
	unsigned long times; /* so often the parent has done something to a thread */
} * told;

typedef struct strain {
	const char *name;
	unsigned lives;             /* under the strain */
	unsigned first, step, last; /* n; step 0: half as much again */
	bool (*begin)(unsigned n);  /* in the process; false: impossible here */
	void (*end)(void);
	void (*disturb)(pid_t pid); /* from its parent, again and again; never done: impossible here */
	const char *panics;         /* that may come, beside those of memory */
} strain;

static void pause_us(long us)
{
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL);
}

/* --- by the parent --- */

/* Calls fn for each thread of the process. */
static void each_thread(pid_t pid, void (*fn)(pid_t pid, pid_t tid))
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && told->is_strained && (entry = readdir(folder));) {
		pid_t tid = (pid_t)atoi(entry->d_name);
		if (tid > 0)
			fn(pid, tid);
	}
	if (folder)
		closedir(folder);
}

/* Refused for one that is about to end, and for all where the machine does not allow it. */
static void halt_thread(pid_t pid, pid_t tid)
{
	int status;
	if (tid == pid || ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return;
	bool is_halted = ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0 && waitpid(tid, &status, __WALL) == tid &&
	                 WIFSTOPPED(status);
	if (is_halted) {
		told->times++;
		pause_us(3000);
	}
	(void)ptrace(PTRACE_DETACH, tid, NULL, NULL); /* it may be gone */
}

static void halt(pid_t pid)
{
	each_thread(pid, halt_thread);
}

static void stop_and_continue(pid_t pid)
{
	told->times += kill(pid, SIGSTOP) == 0;
	pause_us(2000);
	kill(pid, SIGCONT);
	pause_us(2000);
}

static void signal_thread(pid_t pid, pid_t tid)
{
	told->times += syscall(SYS_tgkill, pid, tid, SIGPROF) == 0;
}

static void signal_all(pid_t pid)
{
	each_thread(pid, signal_thread);
	pause_us(50);
}

/* --- in the process --- */

static void ignore(int number)
{
	(void)number;
}

static bool begin_signals(unsigned n)
{
	(void)n;
	struct sigaction action = { .sa_handler = ignore }; /* without SA_RESTART */
	return sigaction(SIGPROF, &action, NULL) == 0;
}

static bool begin_crowd(unsigned n)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	life_workers = n * (unsigned)(processors > 0 ? processors : 1);
	life_workers = life_workers < 1024 ? life_workers : 1024;
	return true;
}

static void end_crowd(void)
{
	life_workers = 2;
}

static struct rlimit before;
static bool is_space; /* the limit that was set is of address space, not of descriptors */

static bool limit(bool space, rlim_t value)
{
	is_space = space;
	if (getrlimit(space ? RLIMIT_AS : RLIMIT_NOFILE, &before) != 0)
		return false;
	struct rlimit less = { .rlim_cur = value, .rlim_max = before.rlim_max };
	return setrlimit(space ? RLIMIT_AS : RLIMIT_NOFILE, &less) == 0;
}

static void end_limit(void)
{
	life_is_poor = false;
	setrlimit(is_space ? RLIMIT_AS : RLIMIT_NOFILE, &before);
}

static bool begin_files(unsigned n)
{
	life_is_poor = true;
	return limit(false, n);
}

static bool begin_space(unsigned n)
{
	unsigned long pages = 0;
	FILE *in = fopen("/proc/self/statm", "r");
	if (HAS_SHADOW || !in || fscanf(in, "%lu", &pages) != 1)
		return false;
	fclose(in);
	return limit(true, (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)n << 10));
}

/* The compiler is not to see that it does not end. */
static volatile int depth_left = 1 << 30;

static __attribute__((noinline)) int calls_itself(int depth)
{
	volatile char frame[512];
	frame[depth % 512] = (char)depth;
	return depth < depth_left ? calls_itself(depth + 1) + frame[depth % 512] : 0;
}

SKUA_TASK(int, overflows, int, depth)
{
	return calls_itself(depth);
}

static void *overflows_small(void *arg)
{
	return calls_itself(0) == 1 ? arg : NULL;
}

static bool begin_overflow(unsigned n)
{
	if (n == 1)
		(void)SKUA_RUN(overflows, 0);
	else
		skua_await(skua_async(overflows_small, NULL));
	life_wrong("the calls have ended");
}

/* --- one process --- */

static void live(const strain *it, unsigned n)
{
	if (it->begin && !it->begin(n))
		_exit(IMPOSSIBLE_HERE);
	told->is_strained = true;
	for (unsigned i = 0; i < it->lives; i++)
		life();
	told->is_strained = false;
	if (it->end)
		it->end();
	told->errors = life_errors;
	memcpy(told->first_error, life_first_error, sizeof told->first_error);
	life();
	if (life_errors != told->errors)
		life_wrong("the life after it had an error: %s", life_first_error);
	exit(0);
}

static bool may_panic(const strain *it, const char *said)
{
	static const char *const lacks[] = { "no memory for a thread to wait with", "no thread-specific key is left",
		                             "no memory for a partial result", "no memory for more than" };
	for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++)
		if (strstr(said, lacks[i]))
			return true;
	return it->panics && strstr(said, it->panics);
}

/* Runs it, hears what it says and how it ends. */
static enum end run(const strain *it, unsigned n, char *said)
{
	int status = 0;
	FILE *words = tmpfile();
	if (!words)
		return BAD;
	*told = (struct shared){ 0 };
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fileno(words), STDERR_FILENO);
		fclose(words);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		alarm(SECONDS_MAX);
		live(it, n);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (it->disturb && told->is_strained)
			it->disturb(pid);
		else
			pause_us(500);
	}
	rewind(words);
	said[fread(said, 1, SAID_BYTES - 1, words)] = '\0';
	fclose(words);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return HANG;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, "skua: "))
		return may_panic(it, said) ? PANIC : BAD;
	if (WIFEXITED(status) && WEXITSTATUS(status) == IMPOSSIBLE_HERE)
		return IMPOSSIBLE;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return BAD;
	if (it->disturb && told->times == 0)
		return IMPOSSIBLE;
	return told->errors > 0 ? ERROR : FALLBACK;
}

static const strain strains[] = {
	{ "halted", 4, 1, 1, 3, NULL, NULL, halt, NULL },
	{ "stopped", 4, 1, 1, 3, NULL, NULL, stop_and_continue, NULL },
	{ "signals", 20, 1, 1, 3, begin_signals, NULL, signal_all, NULL },
	{ "crowd", 2, 32, 1, 32, begin_crowd, end_crowd, NULL, NULL },
	{ "files", 1, 4, 1, 28, begin_files, end_limit, NULL, NULL },
	{ "space", 1, 64, 0, 8 << 20, begin_space, end_limit, NULL, NULL },
	{ "overflow", 0, 1, 1, 2, begin_overflow, NULL, NULL, "stack overflow" },
};

/* Remembers what was said, each once. */
static void collect(char *list, size_t size, const char *text)
{
	size_t length = strlen(list);
	if (text && !strstr(list, text) && length + strlen(text) + 3 < size)
		snprintf(list + length, size - length, "%s%s", length > 0 ? ", " : "", text);
}

/* Returns the number of bad ends. */
static unsigned try(const strain *it)
{
	static char said[SAID_BYTES];
	char texts[400] = "";
	unsigned ends[BAD + 1] = { 0 }, tried = 0, bad = 0;
	unsigned long times = 0;
	for (unsigned n = it->first; n <= it->last && bad < 5; n += it->step ? it->step : (n + 1) / 2) {
		enum end end = run(it, n, said);
		ends[end]++;
		tried += end != IMPOSSIBLE;
		times += told->times;
		if (end == HANG || end == BAD) {
			bad++;
			printf("%s %u: %s\n%s\n", it->name, n, end == HANG ? "hangs" : "goes wrong", said);
		}
		if (end == ERROR)
			collect(texts, sizeof texts, told->first_error);
		if (end == PANIC)
			collect(texts, sizeof texts, strtok(strstr(said, "skua: "), "\n"));
	}
	if (times)
		snprintf(texts + strlen(texts), sizeof texts - strlen(texts), "%lu times", times);
	printf("| %-8s | %4u | %4u | %4u | %4u | %3u | %s |\n", it->name, tried, ends[FALLBACK], ends[ERROR],
	       ends[PANIC], bad, tried == 0 ? "not possible here" : texts);
	fflush(stdout);
	return bad;
}

int main(int argc, char **argv)
{
	unsigned bad = 0;
	signal(SIGPIPE, SIG_IGN);
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 1;
	printf("| strain   | n    | fallback | error | panic | bad | first errors |\n");
	for (size_t i = 0; i < sizeof strains / sizeof strains[0]; i++)
		if (argc < 2 || strcmp(argv[1], strains[i].name) == 0)
			bad += try(&strains[i]);
	printf("%u bad\n", bad);
	return bad > 0;
}
