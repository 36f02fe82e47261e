/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are interrupted, that do not know a flag, that fail because of the peer. */
#include "refused.h"

#include <netinet/in.h>
#include <signal.h>

/* --- interrupted --- */

static void *transfer_interrupted(void *arg)
{
	int ends[2], pair[2];
	char byte = 0;
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	refuse(WRITE, EINTR, 2);
	refuse(PWRITE_CACHED, EINTR, 2);
	cr_assert_eq(skua_write(ends[1], "a", 1), 1);
	refuse(READ, EINTR, 2);
	refuse(PREAD_CACHED, EINTR, 2);
	cr_assert_eq(skua_read(ends[0], &byte, 1), 1);
	cr_assert_eq(byte, 'a');
	refuse(SEND, EINTR, 2);
	cr_assert_eq(skua_write(pair[0], "b", 1), 1);
	refuse(SEND, EINTR, 2);
	cr_assert_eq(skua_send(pair[0], "c", 1, 0), 1);
	expect_refused(SEND);
	refuse(RECV, EINTR, 2);
	cr_assert_eq(skua_recv(pair[1], &byte, 1, 0), 1);
	cr_assert_eq(byte, 'b');
	expect_refused(RECV);
	for (int i = 0; i < 2; i++) {
		skua_close(ends[i]);
		skua_close(pair[i]);
		/* A thread uses one kind of call, a task the other. */
		refuse(i ? READ : PREAD_CACHED, 0, 0);
		refuse(i ? WRITE : PWRITE_CACHED, 0, 0);
	}
	return arg;
}

static void transfers_interrupted(void)
{
	everywhere(transfer_interrupted, NULL);
}

Test(refusal, interrupted_transfers_are_made_again)
{
	wired(1, 2, transfers_interrupted);
}

/* --- SIGPIPE that the program waits for itself --- */

static void *break_pipe_when_pending(void *arg)
{
	int ends[2];
	sigset_t set, before;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	raise(SIGPIPE);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	cr_assert_eq(skua_write(ends[1], "x", 1), -EPIPE);
	close(ends[1]);
	sigpending(&set);
	cr_assert(sigismember(&set, SIGPIPE), "it is still there");
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	cr_assert_eq(sigtimedwait(&set, NULL, &(struct timespec){ 0 }), SIGPIPE);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return arg;
}

static void pending(void)
{
	break_pipe_when_pending(NULL);
}

Test(refusal, a_pending_signal_of_the_programs_is_left_to_it)
{
	wired(1, 1, pending);
}

/* --- a kernel or file system without RWF_NOWAIT --- */

typedef struct echo {
	int in, out;
} echo;

static void *echo_bytes(void *arg)
{
	const echo *self = arg;
	static char bytes[3 * PIPE_BUF];
	ptrdiff_t got = skua_read_all(self->in, bytes, sizeof bytes);
	cr_assert_eq(got, (ptrdiff_t)sizeof bytes, "%s", skua_strerror((int)got));
	cr_assert_eq(skua_write_all(self->out, bytes, sizeof bytes), got);
	return NULL;
}

static void *pass_bytes(void *arg)
{
	static char bytes[3 * PIPE_BUF];
	int there[2], back[2];
	cr_assert_eq(pipe2(there, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(back, O_CLOEXEC), 0);
	echo self = { there[0], back[1] };
	skua_future *echoing = skua_async(echo_bytes, &self);
	fill(bytes, sizeof bytes, 1, 0);
	cr_assert_eq(skua_write_all(there[1], bytes, sizeof bytes), (ptrdiff_t)sizeof bytes);
	memset(bytes, 0, sizeof bytes);
	cr_assert_eq(skua_read_all(back[0], bytes, sizeof bytes), (ptrdiff_t)sizeof bytes);
	expect_bytes(bytes, sizeof bytes, 1, 0);
	skua_await(echoing);
	for (int i = 0; i < 2; i++) {
		skua_close(there[i]);
		skua_close(back[i]);
	}
	return arg;
}

/* The program's own descriptor of a file. */
static void *pass_a_file(void *arg)
{
	char path[] = "/tmp/skua-refusal-XXXXXX", bytes[300];
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	unlink(path);
	fill(bytes, sizeof bytes, 2, 0);
	cr_assert_eq(skua_write_all(fd, bytes, sizeof bytes), (ptrdiff_t)sizeof bytes);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	memset(bytes, 0, sizeof bytes);
	cr_assert_eq(skua_read_all(fd, bytes, sizeof bytes), (ptrdiff_t)sizeof bytes);
	expect_bytes(bytes, sizeof bytes, 2, 0);
	memset(bytes, 0, sizeof bytes);
	cr_assert_eq(skua_pread(fd, bytes, 100, 200), 100);
	expect_bytes(bytes, 100, 2, 200);
	skua_close(fd);
	return arg;
}

static void without_nowait(void)
{
	static const int errors[] = { ENOSYS, EOPNOTSUPP, EINVAL };
	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		refuse(PREAD_CACHED, errors[i], INT_MAX);
		refuse(PWRITE_CACHED, errors[i], INT_MAX);
		in_task(pass_bytes, NULL);
		in_task(pass_a_file, NULL);
		expect_some_refused(PREAD_CACHED);
		expect_some_refused(PWRITE_CACHED);
		refuse(PREAD_CACHED, 0, 0);
		refuse(PWRITE_CACHED, 0, 0);
		in_task(pass_a_file, NULL);
	}
}

Test(refusal, without_a_flag_that_forbids_to_wait_descriptors_are_polled)
{
	wired(1, 2, without_nowait);
}

/* --- plain threads with a deadline --- */

static void *write_until_full(void *arg)
{
	int ends[2];
	static char bytes[3 * PIPE_BUF]; /* a full pipe has room for one part of it */
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	fill(bytes, sizeof bytes, 3, 0);
	size_t written = 0;
	ptrdiff_t result;
	/* A blocking pipe takes what surely fits, never so much that the thread would sleep in it. */
	while ((result = skua_write_until(ends[1], bytes, sizeof bytes, skua_now_ns() + 20 * MS)) > 0)
		written += (size_t)result;
	cr_assert_eq(result, -ETIMEDOUT, "%s", skua_strerror((int)result));
	cr_assert_gt(written, PIPE_BUF);
	result = skua_write_all_until(ends[1], bytes, 1, skua_now_ns() + MS);
	cr_assert_eq(result, -ETIMEDOUT);
	for (size_t place = 0; place < written;) {
		result = skua_read_until(ends[0], bytes, sizeof bytes, skua_now_ns() + 1000 * MS);
		cr_assert_gt(result, 0);
		place += (size_t)result;
	}
	cr_assert_eq(skua_read_all_until(ends[0], bytes, 1, skua_now_ns() + MS), -ETIMEDOUT);
	skua_close(ends[0]);
	cr_assert_eq(skua_write_until(ends[1], bytes, 1, skua_now_ns() + MS), -EPIPE);
	skua_close(ends[1]);
	return arg;
}

/* What does not sleep by itself is asked for all of it. */
static void write_in_time(void)
{
	static const char bytes[2 * PIPE_BUF];
	char path[] = "/tmp/skua-refusal-XXXXXX";
	int ends[2], fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	unlink(path);
	cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	uint64_t until = skua_now_ns() + 10000 * MS;
	cr_assert_eq(skua_write_until(fd, bytes, sizeof bytes, until), (ptrdiff_t)sizeof bytes);
	cr_assert_eq(skua_write_until(ends[1], bytes, sizeof bytes, until), (ptrdiff_t)sizeof bytes);
	skua_close(fd);
	skua_close(ends[0]);
	skua_close(ends[1]);
}

static void deadlines_of_threads(void)
{
	write_until_full(NULL);
	write_in_time();
	pass_a_file(NULL);
}

Test(refusal, a_thread_with_a_deadline_never_sleeps_in_a_transfer)
{
	wired(1, 1, deadlines_of_threads);
}

/* --- connections --- */

static void *dial(void *port)
{
	int fd = skua_dial("127.0.0.1", (unsigned)int_of(port));
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	cr_assert_eq(skua_write(fd, "d", 1), 1);
	skua_close(fd);
	return port;
}

static void *accept_at_last(void *arg)
{
	static const int errors[] = { ECONNABORTED, EINTR,     EPROTO,       ENETDOWN,
		                      ENETUNREACH,  EHOSTDOWN, EHOSTUNREACH, ENONET };
	int listening = skua_listen("127.0.0.1", 0, 8);
	cr_assert_geq(listening, 0);
	int port = skua_local_port(listening);
	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		skua_future *dialing = skua_async(dial, number(port));
		refuse(ACCEPT, errors[i], 1);
		int peer = skua_accept(listening);
		cr_assert_geq(peer, 0, "%s", skua_strerror(peer));
		expect_refused(ACCEPT);
		char byte = 0;
		cr_assert_eq(skua_read(peer, &byte, 1), 1);
		skua_close(peer);
		skua_await(dialing);
	}
	refuse(ACCEPT, EMFILE, 1);
	skua_future *dialing = skua_async(dial, number(port));
	cr_assert_eq(skua_accept(listening), -EMFILE, "this one is ours");
	cr_assert_geq(skua_close(skua_accept(listening)), 0);
	skua_await(dialing);
	skua_close(listening);
	return arg;
}

static void accepting(void)
{
	everywhere(accept_at_last, NULL);
}

Test(refusal, a_connection_that_failed_before_it_was_taken_is_passed_over)
{
	wired(1, 2, accepting);
}

static void *connect_slowly(void *arg)
{
	int listening = skua_listen("127.0.0.1", 0, 8);
	int port = skua_local_port(listening);
	static const int begun[] = { EINPROGRESS, EALREADY, EINTR };
	for (unsigned i = 0; i < 3; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		int fd = skua_socket(AF_INET, SOCK_STREAM, 0);
		/* It is begun first, so that the descriptor becomes ready. */
		(void)__real_connect(fd, (struct sockaddr *)&to, sizeof to);
		refuse(CONNECT, begun[i], 1);
		int error = skua_connect(fd, (struct sockaddr *)&to, sizeof to);
		cr_assert_eq(error, 0, "%s", skua_strerror(error));
		expect_refused(CONNECT);
		refuse(CONNECT, EAGAIN, 1);
		cr_assert_eq(skua_connect(fd, (struct sockaddr *)&to, sizeof to), -ENOBUFS, "no port is left");
		cr_assert_eq(skua_connect(fd, (struct sockaddr *)&to, sizeof to), -EISCONN);
		refuse(CONNECT, EBUSY, 1);
		cr_assert_eq(skua_connect(fd, (struct sockaddr *)&to, sizeof to), -EBUSY, "no queue is full");
		skua_close(fd);
	}
	/* The program's own, which does not block. */
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_eq(skua_connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	skua_close(fd);
	/* The kernel says that it is there instead of saying that it has succeeded. */
	fd = skua_socket(AF_INET, SOCK_STREAM, 0);
	(void)__real_connect(fd, (struct sockaddr *)&to, sizeof to);
	cr_assert_eq(poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1), 1);
	cr_assert_eq(__real_connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	refuse(CONNECT, EINPROGRESS, 1);
	cr_assert_eq(skua_connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	expect_refused(CONNECT);
	skua_close(fd);
	cr_assert_eq(skua_connect(-1, (struct sockaddr *)&to, sizeof to), -EBADF);
	skua_close(listening);
	return arg;
}

static void connecting(void)
{
	in_task(connect_slowly, NULL);
}

Test(refusal, a_connection_that_is_under_way_is_waited_for)
{
	wired(1, 2, connecting);
}

/* --- names --- */

static void *look_up(void *arg)
{
	static const struct {
		int code, error;
	} cases[] = { { EAI_AGAIN, -EAGAIN },
		      { EAI_NONAME, -ENOENT },
		      { EAI_SERVICE, -ENOENT },
		      { EAI_NODATA, -ENOENT },
		      { EAI_MEMORY, -ENOMEM },
		      { EAI_FAMILY, -EAFNOSUPPORT },
		      { EAI_ADDRFAMILY, -EAFNOSUPPORT },
		      { EAI_BADFLAGS, -EINVAL },
		      { EAI_SOCKTYPE, -EINVAL },
		      { EAI_SYSTEM, -EMFILE },
		      { EAI_FAIL, -EIO } };
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct addrinfo *list = NULL;
		refuse(LOOK_UP, cases[i].code, 1);
		int error = skua_resolve("localhost", "80", NULL, &list);
		cr_assert_eq(error, cases[i].error, "code %d gives %s", cases[i].code, skua_strerror(error));
		expect_refused(LOOK_UP);
		refuse(LOOK_UP, cases[i].code, 1);
		cr_assert_eq(skua_dial("localhost", 80), cases[i].error);
		refuse(LOOK_UP, cases[i].code, 1);
		cr_assert_eq(skua_listen("localhost", 0, 1), cases[i].error);
	}
	return arg;
}

static void names(void)
{
	everywhere(look_up, NULL);
}

Test(refusal, each_way_in_which_a_name_is_not_found_is_told)
{
	wired(1, 2, names);
}

/* --- children without descriptors of them --- */

static void *wait_without_pidfd(void *arg)
{
	skua_process child;
	const char *argv[] = { "sleep", "100", NULL };
	const skua_process_options how = { .argv = argv };
	refuse(PIDFD, arg ? ENOSYS : EMFILE, 1);
	cr_assert_eq(skua_process_start(&child, &how), 0);
	expect_refused(PIDFD);
	cr_assert_eq(skua_process_wait_until(&child, 0), -ETIMEDOUT);
	cr_assert_eq(skua_process_kill(&child, 0), 0, "it is there");
	cr_assert_eq(skua_process_kill(&child, 4000), -EINVAL);
	cr_assert_eq(skua_process_kill(&child, SIGTERM), 0);
	cr_assert_eq(skua_process_wait(&child), 256 + SIGTERM);
	cr_assert_eq(skua_process_kill(&child, SIGTERM), -ESRCH);
	return arg;
}

static void children(void)
{
	everywhere(wait_without_pidfd, NULL);
	everywhere(wait_without_pidfd, number(1));
}

Test(refusal, a_child_is_waited_for_by_a_thread_where_there_is_no_descriptor_for_it)
{
	wired(1, 2, children);
}

/* Ends at once; its end is awaited here, and it stays to be seen off. */
static void start_short(skua_process *child)
{
	const char *argv[] = { "true", NULL };
	const skua_process_options how = { .argv = argv };
	siginfo_t what;
	cr_assert_eq(skua_process_start(child, &how), 0);
	cr_assert_eq(__real_waitid(P_PID, (id_t)child->pid, &what, WEXITED | WNOWAIT), 0);
}

static void *see_off_oddly(void *arg)
{
	skua_process child;
	refuse(PIDFD, EMFILE, 1);
	start_short(&child);
	refuse(SEE_OFF, EINTR, 2);
	cr_assert_eq(skua_process_wait(&child), 0, "without a descriptor, and there already");
	expect_refused(SEE_OFF);
	start_short(&child);
	refuse(SEE_OFF, EINTR, 2);
	cr_assert_eq(skua_process_wait(&child), 0);
	expect_refused(SEE_OFF);
	/* Somebody else has seen it off. */
	start_short(&child);
	cr_assert_eq(waitpid(child.pid, NULL, 0), child.pid);
	cr_assert_eq(skua_process_wait(&child), -ECHILD);
	cr_assert_eq(skua_process_wait(&child), -ECHILD, "still");
	return arg;
}

/* The kernel has no memory to watch the descriptor. */
static void *wait_unwatched(void *arg)
{
	skua_process child;
	const char *argv[] = { "sleep", "0.3", NULL };
	const skua_process_options how = { .argv = argv };
	cr_assert_eq(skua_process_start(&child, &how), 0);
	refuse(WATCH, ENOMEM, 1);
	cr_assert_eq(skua_process_wait(&child), 0);
	expect_refused(WATCH);
	return arg;
}

static void seeing_off(void)
{
	everywhere(see_off_oddly, NULL);
	in_task(wait_unwatched, NULL);
}

Test(refusal, a_child_is_seen_off_whatever_comes_in_between)
{
	wired(1, 2, seeing_off);
}
