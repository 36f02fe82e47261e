/* SPDX-License-Identifier: Apache-2.0 */
/* Sending at once: what a socket takes goes the short way (io/call.h), and what that cannot do goes the long one. */
#include "wired.h"

#include <netinet/in.h>

static int far, near; /* the tests' tasks write to `near` */

static void *fill_it(void *arg)
{
	static char zeros[1 << 16];
	ptrdiff_t bytes;
	size_t all = 0;
	while ((bytes = skua_write_until(near, zeros, sizeof zeros, 0)) > 0)
		all += (size_t)bytes;
	cr_assert_eq(bytes, -ETIMEDOUT, "%s", skua_strerror((int)bytes));
	cr_assert_gt(all, 0, "with a deadline in the past what there is room for goes out all the same");
	*(size_t *)arg = all;
	return arg;
}

static void take(size_t bytes)
{
	char in[1 << 14];
	while (bytes > 0) {
		ptrdiff_t got = skua_read(far, in, sizeof in < bytes ? sizeof in : bytes);
		cr_assert_gt(got, 0);
		bytes -= (size_t)got;
	}
}

static void *write_more(void *arg)
{
	cr_assert_eq(skua_write_all(near, "more", 4), 4);
	cr_assert_eq(skua_send(near, "!", 1, 0), 1);
	return arg;
}

static void full(void)
{
	size_t filled = 0;
	connected(&far, &near);
	in_task(fill_it, &filled);
	skua_future *writing = skua_async(write_more, NULL);
	await_waiting(1);
	take(filled);
	char in[5];
	cr_assert_eq(skua_read_all(far, in, sizeof in), 5);
	cr_assert_eq(memcmp(in, "more!", 5), 0);
	skua_await(writing);
	skua_close(near);
	skua_close(far);
}

Test(send, a_full_socket_is_waited_for)
{
	wired(1, 2, full);
}

static void *ask_not_to_wait(void *arg)
{
	cr_assert_eq(skua_send(near, "x", 1, MSG_DONTWAIT), -EAGAIN);
	return arg;
}

static void told(void)
{
	size_t filled = 0;
	connected(&far, &near);
	in_task(fill_it, &filled);
	in_task(ask_not_to_wait, NULL);
	skua_close(near);
	skua_close(far);
}

Test(send, who_does_not_want_to_wait_is_told)
{
	wired(1, 1, told);
}

static flag has_begun;

static int send_cancelled(void *arg)
{
	flag_raise(&has_begun);
	skua_sleep_ns(UINT64_C(3600) * 1000 * MS); /* until it is cancelled */
	*(ptrdiff_t *)arg = skua_send(near, "x", 1, 0);
	return 0;
}

static void cancelled(void)
{
	skua_group group = SKUA_GROUP_INIT;
	ptrdiff_t result = 0;
	connected(&far, &near);
	sk_store_relaxed(&has_begun, 0);
	cr_assert_eq(skua_group_run(&group, send_cancelled, &result), 0);
	flag_await(&has_begun);
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	cr_assert_eq(result, -ECANCELED, "there was room, but a cancelled task sends nothing");
	char byte;
	cr_assert_eq(recv(far, &byte, 1, MSG_DONTWAIT), -1);
	skua_close(near);
	skua_close(far);
}

Test(send, a_cancelled_task_sends_nothing)
{
	wired(1, 2, cancelled);
}

/* A socket that was closed by close(2), of which skua knows nothing; its number is a pipe's now, and then a file's. */
static void *write_to_anothers(void *arg)
{
	(void)arg;
	int ends[2], stale = skua_socket(AF_INET, SOCK_STREAM, 0);
	char in[4];
	cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	cr_assert_eq(dup2(ends[1], stale), stale);
	cr_assert_eq(skua_write(stale, "pipe", 4), 4);
	cr_assert_eq(read(ends[0], in, sizeof in), 4);
	cr_assert_eq(memcmp(in, "pipe", 4), 0);
	char name[] = "/tmp/skua-send-XXXXXX";
	int file = mkstemp(name);
	cr_assert_geq(file, 0);
	unlink(name);
	cr_assert_eq(dup2(file, stale), stale);
	cr_assert_eq(skua_write(stale, "file", 4), 4);
	cr_assert_eq(pread(file, in, sizeof in, 0), 4);
	cr_assert_eq(memcmp(in, "file", 4), 0);
	close(file);
	close(ends[0]);
	close(ends[1]);
	cr_assert_eq(close(stale), 0);
	stale = skua_socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(close(stale), 0);
	cr_assert_eq(skua_write(stale, "gone", 4), -EBADF);
	cr_assert_eq(skua_send(stale, "gone", 4, 0), -EBADF);
	stale = skua_socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(skua_close(stale), 0);
	cr_assert_eq(skua_write(stale, "gone", 4), -EBADF);
	cr_assert_eq(skua_send(stale, "gone", 4, 0), -EBADF);
	return NULL;
}

static void stale(void)
{
	in_task(write_to_anothers, NULL);
}

Test(send, a_number_may_have_become_anothers)
{
	wired(1, 1, stale);
}

/* To itself: what is sent at once arrives whole, and nothing at all is a message too. */
static void *send_datagrams(void *arg)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t bytes = sizeof own;
	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = skua_socket(AF_INET, SOCK_DGRAM, 0);
	char in[8];
	cr_assert_eq(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&own, &bytes), 0);
	cr_assert_eq(skua_connect(fd, (struct sockaddr *)&own, sizeof own), 0);
	cr_assert_eq(skua_write(fd, "gram", 4), 4);
	cr_assert_eq(skua_send(fd, "", 0, 0), 0);
	cr_assert_eq(skua_send(fd, "last", 4, 0), 4);
	cr_assert_eq(skua_recv(fd, in, sizeof in, 0), 4);
	cr_assert_eq(memcmp(in, "gram", 4), 0);
	cr_assert_eq(skua_recv(fd, in, sizeof in, 0), 0);
	cr_assert_eq(skua_recv(fd, in, sizeof in, 0), 4);
	skua_close(fd);
	return arg;
}

static void datagrams(void)
{
	in_task(send_datagrams, NULL);
}

Test(send, datagrams_too)
{
	wired(1, 2, datagrams);
}

static void *write_to_nobody(void *arg)
{
	ptrdiff_t result;
	while ((result = skua_send(near, "x", 1, 0)) == 1)
		skua_sleep_ns(MS);
	cr_assert(result == -EPIPE || result == -ECONNRESET, "%s", skua_strerror((int)result));
	cr_assert_eq(skua_write(near, "x", 1), -EPIPE, "and no signal");
	return arg;
}

static void nobody(void)
{
	connected(&far, &near);
	skua_close(far);
	in_task(write_to_nobody, NULL);
	skua_close(near);
}

Test(send, a_broken_connection_is_an_error_and_no_signal)
{
	wired(1, 2, nobody);
}
