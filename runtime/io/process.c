/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes: skua_process_... of io.h.
 *
 * posix_spawn makes the child and tells when its program cannot be run; it blocks its thread until the program is
 * loaded, so a thread of the offload pool calls it. The child's end is read from a pidfd, a descriptor like others;
 * where the kernel has none (before 5.3), a thread waits.
 *
 * Everything is close-on-exec in this process. The child's three descriptors are copied into place by the spawn, from
 * numbers above 2, so that no copy overwrites the source of another.
 *
 *   pipe   our end: O_NONBLOCK, adopted by the reactor      the child's end: as the child expects it, blocking
 *
 * Who may call: anybody.
 */
#include "await/offload.h"
#include "io/call.h"
#include "sched/pool.h"

#include <skua/await.h>
#include <skua/io.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABOVE_STANDARD 3
#define NO_PIDFD (-2) /* in sk_handle: the kernel has no pidfds */
#define FLAG_KILL_ON_CANCEL 1u
#define SIGNAL_BASE 256

extern char **environ;

/* One of the child's standard descriptors. */
typedef struct standard {
	int childs; /* what becomes it; -1: stays as it is */
	int ours;   /* the other end of a pipe; -1: none */
	bool is_owned; /* childs is to be closed here */
} standard;

typedef struct spawn {
	const skua_process_options *options;
	standard standard[3];
	pid_t pid;
	int result;
} spawn;

/* --- the standard descriptors --- */

static void close_quietly(int fd)
{
	if (fd >= 0)
		skua_close(fd);
}

/* A copy of the descriptor above the standard ones; -errno. */
static int copy_above(int fd)
{
	return (int)sk_io_result(fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_STANDARD));
}

/* The descriptor itself, if it is above them; else a copy, and it is closed. */
static int move_above(int fd)
{
	if (fd >= ABOVE_STANDARD || fd < 0)
		return fd;
	int copy = copy_above(fd);
	close(fd);
	return copy;
}

static int open_null(standard *out)
{
	out->childs = move_above((int)sk_io_result(open("/dev/null", O_RDWR | O_CLOEXEC)));
	out->is_owned = out->childs >= 0;
	return out->childs < 0 ? out->childs : 0;
}

static int open_pipe(standard *out, bool is_input)
{
	int ends[2];
	int error = (int)sk_io_result(pipe2(ends, O_CLOEXEC));
	if (error < 0)
		return error;
	out->childs = move_above(ends[is_input ? 0 : 1]);
	out->ours = move_above(ends[is_input ? 1 : 0]);
	out->is_owned = out->childs >= 0;
	if (out->childs < 0 || out->ours < 0)
		return out->childs < 0 ? out->childs : out->ours;
	error = (int)sk_io_result(fcntl(out->ours, F_SETFL, O_NONBLOCK));
	if (error == 0)
		sk_reactor_adopt(out->ours, SK_DESCRIPTOR_STREAM);
	return error;
}

static int prepare(standard *out, int wanted, int number)
{
	switch (wanted) {
	case SKUA_STDIO_INHERIT:
		return 0;
	case SKUA_STDIO_NULL:
		return open_null(out);
	case SKUA_STDIO_PIPE:
		return open_pipe(out, number == STDIN_FILENO);
	case SKUA_STDIO_OUTPUT:
		return number == STDERR_FILENO ? 0 : -EINVAL; /* add_actions does it */
	default:
		if (wanted < 0)
			return -EINVAL;
		out->childs = wanted < ABOVE_STANDARD ? copy_above(wanted) : wanted;
		out->is_owned = wanted < ABOVE_STANDARD && out->childs >= 0;
		return out->childs < 0 ? out->childs : 0;
	}
}

static int prepare_all(spawn *how)
{
	const int wanted[] = { how->options->input, how->options->output, how->options->error };
	int error = 0;
	for (int i = 0; i < 3; i++)
		how->standard[i] = (standard){ .childs = -1, .ours = -1 };
	for (int i = 0; i < 3 && error == 0; i++)
		error = prepare(&how->standard[i], wanted[i], i);
	return error;
}

/* The child has its own copies now. After a failure, ours go too. */
static void clean(spawn *how, bool is_failed)
{
	for (int i = 0; i < 3; i++) {
		if (how->standard[i].is_owned)
			close(how->standard[i].childs);
		if (is_failed) {
			close_quietly(how->standard[i].ours);
			how->standard[i].ours = -1;
		}
	}
}

/* --- the spawn, on a thread that may block; its functions return positive errors --- */

static int add_actions(const spawn *how, posix_spawn_file_actions_t *actions)
{
	int error = 0;
	for (int i = 0; i < 3 && error == 0; i++)
		if (how->standard[i].childs >= 0)
			error = posix_spawn_file_actions_adddup2(actions, how->standard[i].childs, i);
	if (error == 0 && how->options->error == SKUA_STDIO_OUTPUT)
		error = posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
	if (error == 0 && how->options->directory)
		error = posix_spawn_file_actions_addchdir_np(actions, how->options->directory);
	return error;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t set;
	sigemptyset(&set);
	int error = posix_spawnattr_setsigmask(attributes, &set);
	sigaddset(&set, SIGPIPE);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &set);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return error;
}

static int spawn_with(spawn *how, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes)
{
	const skua_process_options *options = how->options;
	/* The C library's prototype promises less than it keeps: neither is written to. */
	char *const *argv = (char *const *)(uintptr_t)options->argv;                                /* NOLINT */
	char *const *envp = options->envp ? (char *const *)(uintptr_t)options->envp : environ; /* NOLINT */
	return posix_spawnp(&how->pid, argv[0], actions, attributes, argv, envp);
}

static void *spawn_here(void *arg)
{
	spawn *how = arg;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	how->result = -posix_spawn_file_actions_init(&actions);
	if (how->result < 0)
		return NULL;
	how->result = -posix_spawnattr_init(&attributes);
	if (how->result == 0) {
		int error = add_actions(how, &actions);
		if (error == 0)
			error = set_attributes(&attributes);
		if (error == 0)
			error = spawn_with(how, &actions, &attributes);
		how->result = -error;
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return NULL;
}

/* --- io.h --- */

static int open_pidfd(pid_t pid)
{
	int fd = (int)sk_io_result(syscall(SYS_pidfd_open, pid, 0));
	if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		sk_reactor_adopt(fd, SK_DESCRIPTOR_STREAM);
	return fd >= 0 ? fd : NO_PIDFD;
}

int skua_process_start(skua_process *process, const skua_process_options *options)
{
	if (!options->argv || !options->argv[0])
		return -EINVAL;
	if (sk_io_is_cancelled())
		return -ECANCELED;
	spawn how = { .options = options };
	int error = prepare_all(&how);
	if (error == 0) {
		sk_offload(SK_WAIT_PROCESS, spawn_here, &how);
		error = how.result;
	}
	clean(&how, error < 0);
	if (error < 0)
		return error;
	*process = (skua_process){
		.pid = how.pid,
		.input = how.standard[STDIN_FILENO].ours,
		.output = how.standard[STDOUT_FILENO].ours,
		.error = how.standard[STDERR_FILENO].ours,
		.sk_handle = open_pidfd(how.pid),
		.sk_flags = options->kill_on_cancel ? FLAG_KILL_ON_CANCEL : 0,
	};
	return 0;
}

/* Sees the child off, if it has ended: its status; -EAGAIN it runs. */
static int see_off(const skua_process *process, int flags)
{
	siginfo_t what = { .si_pid = 0 };
	int error;
	do {
		error = (int)sk_io_result(waitid(P_PID, (id_t)process->pid, &what, WEXITED | flags));
	} while (error == -EINTR);
	if (error < 0)
		return error;
	if (what.si_pid == 0)
		return -EAGAIN;
	return what.si_code == CLD_EXITED ? what.si_status : SIGNAL_BASE + what.si_status;
}

typedef struct farewell {
	const skua_process *process;
	int result;
} farewell;

static void *see_off_here(void *arg)
{
	farewell *what = arg;
	what->result = see_off(what->process, 0);
	return NULL;
}

/* Without a pidfd that can be watched: a thread waits, for as long as it takes. */
static int wait_in_thread(const skua_process *process, uint64_t deadline_ns)
{
	int status = see_off(process, WNOHANG);
	if (status != -EAGAIN)
		return status;
	if (sk_io_is_past(deadline_ns))
		return -ETIMEDOUT;
	farewell what = { process, 0 };
	sk_offload(SK_WAIT_PROCESS, see_off_here, &what);
	return what.result;
}

static ptrdiff_t try_see_off(sk_io_call *call, void *arg)
{
	(void)call;
	return see_off(arg, WNOHANG);
}

static int wait_for_pidfd(skua_process *process, uint64_t deadline_ns)
{
	sk_io_call call;
	int error = sk_io_begin(&call, process->sk_handle, SK_IN, deadline_ns);
	return error < 0 ? error : (int)sk_io_repeat(&call, try_see_off, process);
}

/* An error of the watching, and not of the wait: the kernel has no memory for it, or no descriptor for a reactor. */
static bool is_unwatchable(int status)
{
	return status < 0 && status != -ECHILD && status != -ETIMEDOUT && status != -ECANCELED;
}

static int wait_until(skua_process *process, uint64_t deadline_ns)
{
	bool has_pidfd = process->sk_handle != NO_PIDFD;
	int status = has_pidfd ? wait_for_pidfd(process, deadline_ns) : 0;
	if (!has_pidfd || is_unwatchable(status))
		status = wait_in_thread(process, deadline_ns);
	if (status >= 0 || status == -ECHILD) {
		close_quietly(process->sk_handle);
		process->sk_handle = -1;
	}
	return status;
}

int skua_process_wait_until(skua_process *process, uint64_t deadline_ns)
{
	if (process->sk_handle == -1)
		return -ECHILD;
	int status = wait_until(process, deadline_ns);
	if (status != -ECANCELED || !(process->sk_flags & FLAG_KILL_ON_CANCEL))
		return status;
	skua_process_kill(process, SIGKILL);
	skua_shield(1);
	(void)wait_until(process, SKUA_FOREVER);
	skua_shield(0);
	return -ECANCELED;
}

int skua_process_wait(skua_process *process)
{
	return skua_process_wait_until(process, SKUA_FOREVER);
}

int skua_process_kill(const skua_process *process, int signal)
{
	if (process->sk_handle == -1)
		return -ESRCH;
	if (process->sk_handle == NO_PIDFD)
		return (int)sk_io_result(kill(process->pid, signal));
	return (int)sk_io_result(syscall(SYS_pidfd_send_signal, process->sk_handle, signal, NULL, 0));
}
