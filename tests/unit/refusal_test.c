/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other kernels, file systems and networks answer: calls that are interrupted, that do not know a flag, that fail
 * because of the peer. The linker (tests/CMakeLists.txt) sends the library's calls here; each refuses as often as a
 * test asks for and then does what it always does.
 */
#include "wired.h"

#include "io/reactor.h"
#include "sched/settings.h"

#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>

enum call {
	READ,
	WRITE,
	SEND,
	RECV,
	ACCEPT,
	CONNECT,
	PREAD_CACHED,
	PWRITE_CACHED,
	LOOK_UP,
	PIDFD,
	RING,
	CALLS
};

static SK_ATOMIC(int) error_of[CALLS];
static SK_ATOMIC(int) times_of[CALLS];

static void refuse(enum call call, int error, int times)
{
	sk_store_relaxed(&error_of[call], error); /* relaxed: read by the calls of what the test starts afterwards */
	sk_store_release(&times_of[call], times);
}

static bool is_refused(enum call call)
{
	int times = sk_load_acquire(&times_of[call]);
	while (times > 0)
		if (sk_cas_relaxed(&times_of[call], &times, times - 1)) { /* relaxed: only counted */
			errno = sk_load_relaxed(&error_of[call]);         /* relaxed: as above */
			return true;
		}
	return false;
}

/* Whether all refusals were met; none are left for the next test. */
static void expect_refused(enum call call)
{
	cr_assert_eq(sk_load_relaxed(&times_of[call]), 0, "call %d was not refused", (int)call);
}

/* The same where all calls are refused. */
static void expect_some_refused(enum call call)
{
	cr_assert_lt(sk_load_relaxed(&times_of[call]), INT_MAX, "call %d was never made", (int)call);
}

#define REFUSE(result, name, call, parameters, arguments)                                                              \
	result __real_##name parameters;                                                                               \
	result __wrap_##name parameters;                                                                               \
	result __wrap_##name parameters                                                                                \
	{                                                                                                              \
		return is_refused(call) ? (result)-1 : __real_##name arguments;                                        \
	}

REFUSE(ssize_t, read, READ, (int fd, void *to, size_t bytes), (fd, to, bytes))
REFUSE(ssize_t, write, WRITE, (int fd, const void *from, size_t bytes), (fd, from, bytes))
REFUSE(ssize_t, send, SEND, (int fd, const void *from, size_t bytes, int flags), (fd, from, bytes, flags))
REFUSE(ssize_t, recv, RECV, (int fd, void *to, size_t bytes, int flags), (fd, to, bytes, flags))
REFUSE(int, accept4, ACCEPT, (int fd, struct sockaddr *address, socklen_t *bytes, int flags),
       (fd, address, bytes, flags))
REFUSE(int, connect, CONNECT, (int fd, const struct sockaddr *address, socklen_t bytes), (fd, address, bytes))

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);

/* The error is a code of its own kind; numbers are always known. */
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	bool is_number = hints && (hints->ai_flags & AI_NUMERICHOST);
	if (is_number || !is_refused(LOOK_UP))
		return __real_getaddrinfo(host, service, hints, list);
	int code = errno;
	errno = EMFILE;
	return code;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long given[6];
	va_list arguments;
	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		given[i] = va_arg(arguments, long);
	va_end(arguments);
	if ((number == SYS_pidfd_open && is_refused(PIDFD)) || (number == SYS_io_uring_setup && is_refused(RING)) ||
	    (number == SYS_preadv2 && is_refused(PREAD_CACHED)) ||
	    (number == SYS_pwritev2 && is_refused(PWRITE_CACHED)))
		return -1;
	return __real_syscall(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

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

static void deadlines_of_threads(void)
{
	write_until_full(NULL);
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
		skua_close(fd);
	}
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

/* --- no io_uring --- */

static void *open_null(void *arg)
{
	(void)arg;
	return number(skua_open("/dev/null", O_RDONLY, 0));
}

static void expect_text(unsigned choice, const char *expected)
{
	char text[128];
	sk_reactor_describe(choice, text, sizeof text);
	cr_assert_str_eq(text, expected);
}

Test(refusal, without_io_uring_files_go_by_threads_unless_it_was_asked_for)
{
	refuse(RING, EPERM, INT_MAX);
	start(2, false);
	int fd = int_of(in_task(open_null, NULL));
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	skua_close(fd);
	skua_stop();
	setenv("SKUA_IO", "uring", 1);
	start(2, false);
	cr_assert_eq(int_of(in_task(open_null, NULL)), -EPERM);
	skua_stop();
	unsetenv("SKUA_IO");
	expect_text(SK_IO_AUTO, "epoll; files by threads (io_uring: Operation not permitted)");
	expect_text(SK_IO_EPOLL, "epoll; files by threads (SKUA_IO=epoll)");
	expect_text(SK_IO_URING, "epoll; files not at all: SKUA_IO=uring, but io_uring: Operation not permitted");
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
