/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel processes: start, stop and continue, lines over two pipes. Errors are negative errno values.
 *
 * A kernel is stopped (SIGSTOP) whenever it is not its turn, since OpenMP's threads go on spinning for a while after
 * the work is over, up to 200 ms with LLVM's, and would take the core from whoever comes next.
 *
 * No kernel outlives the driver: the kernel tells it to end them by PR_SET_PDEATHSIG, whatever the driver dies of, and
 * at a signal that ends the driver it kills them itself first, so that they are gone when the shell prompts again.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ALIVE_MAX = RUNTIMES * COUNTS_MAX
};

/* The living kernels, also for the signal handler: written while the signals are blocked. */
static pid_t alive[ALIVE_MAX];

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void end_all(int number)
{
	for (int i = 0; i < ALIVE_MAX; i++) {
		if (alive[i]) {
			kill(alive[i], SIGKILL);
			waitpid(alive[i], NULL, 0);
		}
	}
	raise(number); /* SA_RESETHAND: ends the driver once the handler is over */
}

void child_watch_signals(void)
{
	struct sigaction action = { .sa_handler = end_all, .sa_flags = (int)SA_RESETHAND };
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
		sigaddset(&action.sa_mask, ending_signals[i]);
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
		sigaction(ending_signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Replaces one pid of the table by another; 0 is a free place. The caller has blocked the signals. */
static void replace_alive(pid_t old, pid_t new)
{
	for (int i = 0; i < ALIVE_MAX; i++) {
		if (alive[i] == old) {
			alive[i] = new;
			return;
		}
	}
}

static void block_signals(sigset_t *before)
{
	sigset_t blocked;
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
		sigaddset(&blocked, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, before);
}

/* The kernels lie in kernels/ beside the driver. Returns: 0, or -errno. */
static int executable(char *path, size_t size, const char *problem, runtime r)
{
	char self[2048];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		return -errno;
	self[length] = '\0';
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	int needed = snprintf(path, size, "%s/kernels/%s-%s", self, problem, runtime_name(r));
	return needed < (int)size ? 0 : -ENAMETOOLONG;
}

bool child_exists(const char *problem, runtime r)
{
	char path[4096];
	return executable(path, sizeof(path), problem, r) == 0 && access(path, X_OK) == 0;
}

/* The environment that suits the runtime best. Variables not named here pass through from the user. */
static void set_environment(runtime r, unsigned workers)
{
	char number[16];
	snprintf(number, sizeof(number), "%u", workers);
	switch (r) {
	case SERIAL:
		return;
	case SKUA:
		setenv("SKUA_WORKERS", number, 1);
		setenv("SKUA_BIND_MAIN", "1", 1);
		return;
	case OPENMP_GCC:
	case OPENMP_LLVM:
		setenv("OMP_NUM_THREADS", number, 1);
		setenv("OMP_PROC_BIND", "true", 1);
		setenv("OMP_PLACES", "cores", 1);
		setenv("OMP_STACKSIZE", "256M", 1);
		break;
	case OPENBLAS:
		setenv("OPENBLAS_NUM_THREADS", number, 1);
		return;
	case TBB:
	case RUNTIMES:
		break;
	}
	/* Peers run waiting threads' other tasks on the same stack, the main thread too. */
	struct rlimit stack;
	rlim_t wanted = (rlim_t)256 << 20;
	if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur != RLIM_INFINITY && stack.rlim_cur < wanted) {
		stack.rlim_cur = stack.rlim_max == RLIM_INFINITY || stack.rlim_max > wanted ? wanted : stack.rlim_max;
		setrlimit(RLIMIT_STACK, &stack);
	}
}

/* In the new process, which becomes the kernel. */
static _Noreturn void become_kernel(char *const *argument, runtime r, unsigned workers, const int pipes[4],
                                    pid_t driver)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != driver || dup2(pipes[0], 0) < 0 || dup2(pipes[3], 1) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	set_environment(r, workers);
	execv(argument[0], argument);
	_exit(127);
}

int child_start(child *c, const bench_case *what, long size, runtime r, unsigned workers)
{
	char path[4096];
	char size_text[24];
	char workers_text[16];
	char *argument[] = { path, size_text, (char *)(uintptr_t)what->variant, workers_text, NULL };
	int pipes[4]; /* read and write end of the one to the kernel, and of the one from it */
	sigset_t before;

	int error = executable(path, sizeof(path), what->problem, r);
	if (error < 0)
		return error;
	snprintf(size_text, sizeof(size_text), "%ld", size);
	snprintf(workers_text, sizeof(workers_text), "%u", workers);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(pipes + 2, O_CLOEXEC) < 0) {
		error = -errno;
		close(pipes[0]);
		close(pipes[1]);
		return error;
	}
	pid_t driver = getpid();
	fflush(NULL);
	block_signals(&before);
	pid_t pid = fork();
	error = pid < 0 ? -errno : 0;
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		if (what->peers_spin)
			setenv("OMP_WAIT_POLICY", "active", 1);
		become_kernel(argument, r, workers, pipes, driver);
	}
	if (pid > 0)
		replace_alive(0, pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pipes[0]);
	close(pipes[3]);
	*c = (child){ .pid = pid > 0 ? pid : 0, .to = pipes[1], .from = pipes[2] };
	if (error < 0) {
		close(c->to);
		close(c->from);
	}
	return error;
}

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Takes a whole line out of the buffer, if there is one. */
static bool take_line(child *c, char *line, size_t size)
{
	char *end = memchr(c->buffer, '\n', c->filled);
	if (!end)
		return false;
	size_t length = (size_t)(end - c->buffer);
	snprintf(line, size, "%.*s", (int)length, c->buffer);
	c->filled -= length + 1;
	memmove(c->buffer, end + 1, c->filled);
	return true;
}

/* Returns: 0; -ETIMEDOUT; -EPIPE the kernel has ended; -EMSGSIZE the line is too long. */
int child_read_line(child *c, char *line, size_t size, unsigned timeout_s)
{
	uint64_t deadline = now_ms() + (uint64_t)timeout_s * 1000;
	while (!take_line(c, line, size)) {
		uint64_t now = now_ms();
		if (c->filled == sizeof(c->buffer))
			return -EMSGSIZE;
		if (now >= deadline)
			return -ETIMEDOUT;
		struct pollfd ready = { .fd = c->from, .events = POLLIN };
		int count = poll(&ready, 1, (int)(deadline - now));
		if (count < 0 && errno != EINTR)
			return -errno;
		if (count <= 0)
			continue;
		ssize_t got = read(c->from, c->buffer + c->filled, sizeof(c->buffer) - c->filled);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return -EPIPE;
		if (got > 0)
			c->filled += (size_t)got;
	}
	return 0;
}

int child_write(child *c, const char *text)
{
	size_t length = strlen(text);
	ssize_t put = write(c->to, text, length);
	if (put < 0)
		return -errno;
	return (size_t)put == length ? 0 : -EIO; /* a line is shorter than a pipe */
}

/* Returns once all threads of the kernel stand still: 0, or -EPIPE if it has ended. */
int child_pause(child *c)
{
	int status;
	if (kill(c->pid, SIGSTOP) < 0)
		return -errno;
	/* WNOWAIT: if it has ended, child_end still has to learn how. */
	siginfo_t info;
	if (waitid(P_PID, (id_t)c->pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
		return -errno;
	if (info.si_code != CLD_STOPPED)
		return -EPIPE;
	return waitpid(c->pid, &status, WUNTRACED) < 0 ? -errno : 0;
}

int child_resume(child *c)
{
	return kill(c->pid, SIGCONT) < 0 ? -errno : 0;
}

/* Ends the kernel and says how it ended, if it did so by itself. */
void child_end(child *c, char *how, size_t size)
{
	sigset_t before;
	siginfo_t info = { .si_pid = 0 };
	struct timespec moment = { 0, 50 * 1000 * 1000 };
	if (!c->pid)
		return;
	close(c->to);
	close(c->from);
	/* One that has just closed its pipe is about to end: let it, so as to learn how. */
	if (how && waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
		nanosleep(&moment, NULL);
	info.si_pid = 0;
	if (how && waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
		if (info.si_code == CLD_EXITED)
			snprintf(how, size, "exit status %d", info.si_status);
		else
			snprintf(how, size, "%s", strsignal(info.si_status));
	}
	block_signals(&before);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	replace_alive(c->pid, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	c->pid = 0;
}
