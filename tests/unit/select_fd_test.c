/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors as cases of a select: readiness, beside other cases, closed ones, deadlines, from tasks and threads. */
#include "started.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static int pair[2];

static void *writes_later(void *arg)
{
	skua_sleep_ns(2 * MS);
	cr_assert_eq(skua_send(pair[1], "x", 1, 0), 1);
	return arg;
}

static void *sleeps(void *arg)
{
	skua_sleep_ns(MS);
	return arg;
}

static void make_pair(void)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void close_pair(void)
{
	skua_close(pair[0]);
	skua_close(pair[1]);
}

static void scenario(void)
{
	make_pair();
	skua_case out[] = { SKUA_ON_FD(pair[0], POLLOUT) };
	cr_assert_eq(skua_select(out, 1, SKUA_FOREVER), 0);
	cr_assert_eq(out[0].result, POLLOUT, "there is room");

	uint64_t at = skua_now_ns() + 2 * MS;
	skua_case in[] = { SKUA_ON_FD(pair[0], POLLIN), SKUA_ON_FD(pair[1], POLLIN) };
	cr_assert_eq(skua_select(in, 2, at), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), at, "never early");

	skua_future *writer = skua_async(writes_later, NULL);
	cr_assert_eq(skua_select(in, 2, SKUA_FOREVER), 0);
	cr_assert(in[0].result & POLLIN);
	cr_assert_eq(skua_select(in, 2, 0), 0, "it is still there");
	skua_await(writer);
	char byte;
	cr_assert_eq(skua_read(pair[0], &byte, 1), 1);
	cr_assert_eq(skua_select(in, 2, 0), -ETIMEDOUT, "it was taken");

	skua_future *sleeper = skua_async(sleeps, NULL);
	skua_case both[] = { SKUA_ON_FD(pair[0], POLLIN), SKUA_ON_FUTURE(sleeper) };
	cr_assert_eq(skua_select(both, 2, SKUA_FOREVER), 1, "the future came first");
	skua_await(sleeper);

	skua_case bad[] = { SKUA_ON_FD(-1, POLLIN) };
	cr_assert_eq(skua_select(bad, 1, SKUA_FOREVER), 0);
	cr_assert_eq(bad[0].result, -EBADF);
	skua_close(pair[1]);
	cr_assert_eq(skua_select(in, 1, SKUA_FOREVER), 0);
	cr_assert(in[0].result & POLLHUP, "the other end is gone");
	close_pair();
}

static void *scenario_in_task(void *arg)
{
	scenario();
	return arg;
}

static void everywhere(void)
{
	scenario();
	skua_await(skua_async(scenario_in_task, NULL));
}

Test(select_fd, a_descriptor_is_a_case)
{
	with_workers(1, 3, everywhere);
}

static void *selects_for_ever(void *arg)
{
	skua_case in[] = { SKUA_ON_FD(pair[0], POLLIN) };
	int index = skua_select(in, 1, SKUA_FOREVER);
	*(int *)arg = index == 0 ? in[0].result : index;
	return arg;
}

static void ended(void)
{
	/* The reactor is there before, lest its own descriptor gets the number that is closed here. */
	int nothing = 0;
	make_pair();
	skua_future *first = skua_async(selects_for_ever, &nothing);
	skua_cancel(first);
	skua_await(first);
	cr_assert_eq(skua_poll(pair[0], POLLOUT, 0), POLLOUT);
	close_pair();
	for (int i = 0; i < 50; i++) {
		int result = 1;
		make_pair();
		skua_future *f = skua_async(selects_for_ever, &result);
		if (i % 3)
			skua_sleep_ns(MS / 10);
		if (i % 2)
			skua_cancel(f);
		else
			skua_close(pair[0]);
		skua_await(f);
		cr_assert(i % 2 ? result == -ECANCELED : result == -EBADF, "%d", result);
		close_pair();
	}
}

Test(select_fd, closing_and_cancelling_end_it)
{
	with_workers(1, 3, ended);
}
