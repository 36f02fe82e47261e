/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children and the watchdog. Episodes run in a child process with a group of its own. It ends by itself, by a failure,
 * or by the watchdog when nothing has moved on the board for long. The watchdog counts its own short naps, not the
 * clock: if the machine, or somebody's SIGSTOP, stops both of them, nothing hangs.
 */
#include "soak.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAP_NS 10000000u
#define NAP_MOST_NS 50000000u /* what a nap counts at most */
#define PROGRESS_NS UINT64_C(10000000000)

soak_board *soak_board_;

static uint64_t longest_gap_ns, begin_ns, progress_ns;

void soak_driver_begin(void)
{
	void *shared = mmap(NULL, sizeof *soak_board_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	SOAK_REQUIRE(shared != MAP_FAILED, "no memory for the board");
	soak_board_ = shared;
	begin_ns = progress_ns = skua_now_ns();
}

uint64_t soak_longest_gap_ns(void)
{
	return longest_gap_ns;
}

/* --- the child --- */

/* Before any thread is there: op_system.c waits for these, the last one nobody sends (op_waits.c). */
static void block_signals(void)
{
	int signals[SOAK_STRANDS_MAX + 1];
	for (unsigned i = 0; i <= SOAK_STRANDS_MAX; i++)
		signals[i] = SIGRTMIN + 4 + (int)i;
	int error = skua_signal_block(signals, SOAK_STRANDS_MAX + 1);
	SOAK_REQUIRE(error == 0, "signal_block: %s", skua_strerror(error));
}

static void be_quiet(void)
{
	struct rlimit none = { 0, 0 };
	int fd = open("/dev/null", O_RDWR);
	setrlimit(RLIMIT_CORE, &none);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static void live(const soak_batch *batch)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_IGN);
	if (batch->is_quiet)
		be_quiet();
	block_signals();
	soak_plan plan = batch->plan;
	soak_balance before = soak_balance_read();
	for (uint64_t i = 0; i < batch->count && skua_now_ns() < batch->until_ns; i++) {
		if (!batch->repeats)
			plan.seed = soak_mix(batch->run_seed, batch->first + i);
		atomic_store(&soak_board_->seed, plan.seed);
		soak_plant_begin();
		soak_episode(&plan);
		soak_balance_require(&before, i);
		atomic_fetch_add(&soak_board_->episodes, 1);
		atomic_fetch_add(&soak_board_->all_episodes, 1);
		atomic_fetch_add(&soak_board_->beats, 1);
	}
	exit(EXIT_SUCCESS); /* and leak checkers look */
}

/* --- the watchdog --- */

void soak_print_counts(void)
{
	uint64_t all = 0;
	for (unsigned kind = 0; kind < SOAK_KINDS; kind++)
		all += atomic_load(&soak_board_->done[kind]);
	printf("%.0f s: %" PRIu64 " episodes, %" PRIu64 " operations:", (double)(skua_now_ns() - begin_ns) / 1e9,
	       (uint64_t)atomic_load(&soak_board_->all_episodes), all);
	for (unsigned kind = 0; kind < SOAK_KINDS; kind++)
		printf("%s %s %" PRIu64, kind ? "," : "", soak_kind_name[kind],
		       (uint64_t)atomic_load(&soak_board_->done[kind]));
	putchar('\n');
	fflush(stdout);
}

static void print_strands(void)
{
	for (unsigned i = 0; i < SOAK_STRANDS_MAX; i++) {
		uint32_t doing = atomic_load(&soak_board_->strand[i].doing);
		if (doing)
			printf("  strand %u, step %u: %s\n", i, atomic_load(&soak_board_->strand[i].step),
			       soak_kind_name[doing - 1]);
	}
}

void soak_outcome_print(const soak_outcome *outcome)
{
	printf("episode %#" PRIx64 ", %" PRIu64 " after the child's first, ", outcome->seed, outcome->episodes);
	if (outcome->is_hang)
		puts("hangs");
	else if (WIFSIGNALED(outcome->status))
		printf("ended by signal %d, %s\n", WTERMSIG(outcome->status), strsignal(WTERMSIG(outcome->status)));
	else
		printf("ended with status %d\n", WEXITSTATUS(outcome->status));
	print_strands();
	fflush(stdout);
}

static void look_at_progress(const soak_batch *batch)
{
	if (batch->is_quiet || skua_now_ns() - progress_ns < PROGRESS_NS)
		return;
	progress_ns = skua_now_ns();
	soak_print_counts();
}

/* Until the child has ended. Returns: whether it had to be ended. */
static bool watch(pid_t child, const soak_batch *batch, int *status)
{
	uint64_t beats = atomic_load(&soak_board_->beats), idle_ns = 0, last_ns = skua_now_ns();
	for (;;) {
		pid_t got = waitpid(child, status, WNOHANG);
		if (got == child)
			return false;
		SOAK_REQUIRE(got == 0 || errno == EINTR, "waitpid: %s", strerror(errno));
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
		uint64_t now = skua_now_ns(), now_beats = atomic_load(&soak_board_->beats);
		idle_ns += now - last_ns < NAP_MOST_NS ? now - last_ns : NAP_MOST_NS;
		last_ns = now;
		if (now_beats != beats)
			idle_ns = 0;
		else if (idle_ns > longest_gap_ns && !batch->is_quiet)
			longest_gap_ns = idle_ns;
		beats = now_beats;
		if (batch->patience_ns && idle_ns > batch->patience_ns)
			return true;
		look_at_progress(batch);
	}
}

soak_outcome soak_child_run(const soak_batch *batch)
{
	atomic_store(&soak_board_->episodes, 0);
	for (unsigned i = 0; i < SOAK_STRANDS_MAX; i++)
		atomic_store(&soak_board_->strand[i].doing, 0);
	fflush(NULL);
	pid_t child = fork();
	SOAK_REQUIRE(child >= 0, "fork: %s", strerror(errno));
	if (child == 0)
		live(batch);
	soak_outcome outcome = { .failed = false };
	outcome.is_hang = watch(child, batch, &outcome.status);
	outcome.seed = atomic_load(&soak_board_->seed);
	outcome.episodes = atomic_load(&soak_board_->episodes);
	if (outcome.is_hang && batch->is_kept) {
		soak_outcome_print(&outcome);
		printf("process %ld is left as it is, for a debugger\n", (long)child);
		fflush(stdout);
		waitpid(child, &outcome.status, 0);
	}
	kill(-child, SIGKILL); /* and what it has started */
	if (outcome.is_hang && !batch->is_kept)
		waitpid(child, &outcome.status, 0);
	outcome.failed = outcome.is_hang || outcome.status != 0;
	return outcome;
}
