/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing pipes: deadlines, cancelling, closing under those who wait, numbers that are used again,
 * descriptors of other origin.
 */
#include "wired.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* A pipe, blocking as the system makes it. */
static void make_pipe(int *ends)
{
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
}

/* A stream that was made by skua: a named pipe, opened for both directions. */
static int make_stream(void)
{
	char path[64];
	snprintf(path, sizeof path, "/tmp/skua-stream-%d", (int)getpid());
	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	int fd = skua_open(path, O_RDWR, 0);
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	unlink(path);
	return fd;
}

static void *read_byte(void *fd)
{
	char byte = 0;
	ptrdiff_t result = skua_read(int_of(fd), &byte, 1);
	return number(result == 1 ? byte : (int)result);
}

/* --- deadlines --- */

static void *deadlines(void *arg)
{
	int fd = int_of(arg);
	char byte = 0;
	cr_assert_eq(skua_read_until(fd, &byte, 1, 0), -ETIMEDOUT, "a deadline in the past");
	cr_assert_eq(skua_read_until(fd, &byte, 1, skua_now_ns() - 1), -ETIMEDOUT);
	for (uint64_t ns = 1000; ns <= 4 * MS; ns *= 4) {
		uint64_t until = skua_now_ns() + ns;
		cr_assert_eq(skua_read_until(fd, &byte, 1, until), -ETIMEDOUT);
		cr_assert_geq(skua_now_ns(), until, "never early");
		until = skua_now_ns() + ns;
		cr_assert_eq(skua_poll(fd, POLLIN, until), -ETIMEDOUT);
		cr_assert_geq(skua_now_ns(), until, "never early");
	}
	return arg;
}

static void *takes_at_once(void *arg)
{
	char byte = 0;
	cr_assert_eq(skua_read_until(int_of(arg), &byte, 1, 0), 1, "what is there is taken, deadline or not");
	cr_assert_eq(byte, 'a');
	return arg;
}

static void all_deadlines(void)
{
	int ends[2], stream = make_stream();
	make_pipe(ends);
	everywhere(deadlines, number(ends[0]));
	everywhere(deadlines, number(stream));
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(skua_write(ends[1], "a", 1), 1);
		cr_assert_eq(skua_write(stream, "a", 1), 1);
		(i ? takes_at_once(number(ends[0])) : in_task(takes_at_once, number(ends[0])));
		(i ? takes_at_once(number(stream)) : in_task(takes_at_once, number(stream)));
	}
	skua_close(ends[0]);
	skua_close(ends[1]);
	skua_close(stream);
}

Test(stream, deadlines_are_never_early)
{
	wired(1, 2, all_deadlines);
}

/* --- much data through little pipes --- */

typedef struct flow {
	int fd;
	size_t bytes, seed, step;
} flow;

static void *pour(void *arg)
{
	flow *self = arg;
	char *bytes = malloc(self->step);
	for (size_t done = 0; done < self->bytes;) {
		size_t part = self->step < self->bytes - done ? self->step : self->bytes - done;
		fill(bytes, part, self->seed, done);
		cr_assert_eq(skua_write_all(self->fd, bytes, part), (ptrdiff_t)part);
		done += part;
	}
	free(bytes);
	skua_close(self->fd);
	return NULL;
}

static void *drink(void *arg)
{
	flow *self = arg;
	char *bytes = malloc(self->step);
	size_t done = 0;
	ptrdiff_t part;
	while ((part = skua_read(self->fd, bytes, self->step)) > 0) {
		expect_bytes(bytes, (size_t)part, self->seed, done);
		done += (size_t)part;
	}
	cr_assert_eq(part, 0);
	cr_assert_eq(done, self->bytes, "nothing is lost");
	free(bytes);
	skua_close(self->fd);
	return NULL;
}

static void flows(void)
{
	enum { COUNT = 6 };
	skua_future *pouring[COUNT], *drinking[COUNT];
	flow in[COUNT], out[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		int ends[2];
		if (i % 2)
			make_pipe(ends);
		else
			cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		if (i % 3 == 0)
			cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
		in[i] = (flow){ ends[1], 500000, i, 70000 };
		out[i] = (flow){ ends[0], 500000, i, 3000 + 1000 * i };
		drinking[i] = skua_async(drink, &out[i]);
		pouring[i] = skua_async(pour, &in[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		skua_await(pouring[i]);
		skua_await(drinking[i]);
	}
}

Test(stream, nothing_is_lost_in_full_pipes)
{
	wired(1, 4, flows);
}

/* --- cancelling --- */

static void cancels(void)
{
	int ends[2];
	make_pipe(ends);
	skua_future *reading = skua_async(read_byte, number(ends[0]));
	await_waiting(1);
	skua_cancel(reading);
	cr_assert_eq(int_of(skua_await(reading)), -ECANCELED);
	skua_future *early = skua_async(read_byte, number(ends[0]));
	skua_cancel(early);
	cr_assert_eq(int_of(skua_await(early)), -ECANCELED);
	skua_close(ends[0]);
	skua_close(ends[1]);
}

Test(stream, a_cancelled_task_stops_waiting)
{
	wired(1, 2, cancels);
}

/* Data and the cancellation at the same time: the byte is read, or it is still there. */
static void cancel_race(void)
{
	int ends[2];
	unsigned read_count = 0;
	make_pipe(ends);
	for (int i = 0; i < 300; i++) {
		skua_future *reading = skua_async(read_byte, number(ends[0]));
		if (i % 3)
			skua_sleep_ns((uint64_t)(i % 7) * 10000);
		if (i % 2)
			skua_cancel(reading);
		cr_assert_eq(write(ends[1], "b", 1), 1);
		if (i % 2 == 0)
			skua_cancel(reading);
		int result = int_of(skua_await(reading));
		int left = -1;
		cr_assert_eq(ioctl(ends[0], FIONREAD, &left), 0);
		cr_assert(result == 'b' ? left == 0 : result == -ECANCELED && left == 1, "%d, %d left", result, left);
		if (left == 1)
			cr_assert_eq(skua_read(ends[0], &(char){ 0 }, 1), 1);
		read_count += result == 'b';
	}
	(void)read_count;
	skua_close(ends[0]);
	skua_close(ends[1]);
}

Test(stream, cancelling_loses_no_data)
{
	wired(1, 4, cancel_race);
}

/* The same with a deadline. */
static void *read_soon(void *arg)
{
	char byte = 0;
	ptrdiff_t result = skua_read_until(int_of(arg), &byte, 1, skua_now_ns() + 200000);
	return number(result == 1 ? byte : (int)result);
}

static void deadline_race(void)
{
	int stream = make_stream();
	for (int i = 0; i < 100; i++) {
		skua_future *reading = skua_async(read_soon, number(stream));
		skua_sleep_ns(150000 + (uint64_t)(i % 10) * 10000);
		cr_assert_eq(skua_write(stream, "c", 1), 1);
		int result = int_of(skua_await(reading)), left = -1;
		cr_assert_eq(ioctl(stream, FIONREAD, &left), 0);
		cr_assert(result == 'c' ? left == 0 : result == -ETIMEDOUT && left == 1, "%d, %d left", result, left);
		if (left == 1)
			cr_assert_eq(skua_read(stream, &(char){ 0 }, 1), 1);
	}
	skua_close(stream);
}

Test(stream, deadlines_lose_no_data)
{
	wired(1, 2, deadline_race);
}

/* --- closing --- */

static void close_under_waiters(void)
{
	enum { COUNT = 5 };
	for (int round = 0; round < 20; round++) {
		skua_future *reading[COUNT];
		int ends[2], fd;
		if (round % 2) {
			fd = make_stream();
			ends[1] = -1;
		} else {
			make_pipe(ends);
			fd = ends[0];
		}
		for (int i = 0; i < COUNT; i++)
			reading[i] = skua_async(read_byte, number(fd));
		await_waiting(COUNT);
		cr_assert_eq(skua_close(fd), 0);
		for (int i = 0; i < COUNT; i++)
			{
			int result = int_of(skua_await(reading[i]));
			cr_assert_eq(result, -EBADF, "%d", result);
		}
		if (ends[1] >= 0)
			skua_close(ends[1]);
	}
	cr_assert_eq(skua_close(-1), -EBADF);
	cr_assert_eq(skua_close(3000), -EBADF);
}

Test(stream, closing_ends_the_waits_on_the_descriptor)
{
	wired(1, 4, close_under_waiters);
}

/* One number, many descriptors: closed by us, or behind our back. */
static void reuse(void)
{
	int fixed = -1;
	for (int i = 0; i < 40; i++) {
		int ends[2];
		make_pipe(ends);
		if (fixed < 0)
			fixed = ends[0];
		cr_assert_eq(ends[0], fixed, "the number is used again");
		skua_future *reading = skua_async(read_byte, number(fixed));
		await_waiting(1);
		skua_sleep_ns(100000);
		cr_assert_not(skua_future_done(reading), "nothing of an older one is left");
		cr_assert_eq(write(ends[1], "d", 1), 1);
		cr_assert_eq(int_of(skua_await(reading)), 'd');
		if (i % 2) {
			close(ends[0]);
			close(ends[1]);
		} else {
			skua_close(ends[0]);
			skua_close(ends[1]);
		}
	}
}

Test(stream, numbers_are_used_again)
{
	wired(1, 2, reuse);
}

/* A copy of a closed descriptor keeps the pipe open: its events are nobody's. */
static void copies(void)
{
	int ends[2];
	make_pipe(ends);
	skua_future *reading = skua_async(read_byte, number(ends[0]));
	await_waiting(1);
	int copy = dup(ends[0]);
	skua_close(ends[0]);
	int closed = int_of(skua_await(reading));
	cr_assert_eq(closed, -EBADF, "%d", closed);
	reading = skua_async(read_byte, number(copy));
	cr_assert_eq(write(ends[1], "e", 1), 1);
	cr_assert_eq(int_of(skua_await(reading)), 'e');
	skua_close(copy);
	skua_close(ends[1]);
}

Test(stream, a_copy_is_a_descriptor_of_its_own)
{
	wired(1, 2, copies);
}

/* --- other origin --- */

static void *break_pipe(void *arg)
{
	int ends[2];
	make_pipe(ends);
	close(ends[0]);
	cr_assert_eq(skua_write(ends[1], "x", 1), -EPIPE, "and no signal");
	skua_close(ends[1]);
	return arg;
}

static void pipes_break(void)
{
	sigset_t pending;
	everywhere(break_pipe, NULL);
	sigpending(&pending);
	cr_assert_not(sigismember(&pending, SIGPIPE));
}

Test(stream, a_broken_pipe_is_an_error_and_no_signal)
{
	wired(1, 2, pipes_break);
}

static void *flags_stay(void *arg)
{
	int ends[2];
	char byte;
	make_pipe(ends);
	int before[2] = { fcntl(ends[0], F_GETFL), fcntl(ends[1], F_GETFL) };
	cr_assert_eq(skua_read_until(ends[0], &byte, 1, skua_now_ns() + 100000), -ETIMEDOUT);
	cr_assert_eq(skua_write(ends[1], "f", 1), 1);
	cr_assert_eq(skua_read(ends[0], &byte, 1), 1);
	cr_assert_eq(fcntl(ends[0], F_GETFL), before[0]);
	cr_assert_eq(fcntl(ends[1], F_GETFL), before[1]);
	/* Devices that are always ready. */
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), zero = skua_open("/dev/zero", O_RDONLY, 0);
	cr_assert_eq(skua_write(null, "xyz", 3), 3);
	cr_assert_eq(skua_read(null, &byte, 1), 0);
	cr_assert_eq(skua_read(zero, &byte, 1), 1);
	cr_assert_eq(byte, 0);
	cr_assert_gt(skua_poll(null, POLLIN | POLLOUT, SKUA_FOREVER), 0);
	skua_close(null);
	skua_close(zero);
	skua_close(ends[0]);
	skua_close(ends[1]);
	return arg;
}

static void other_origins(void)
{
	everywhere(flags_stay, NULL);
}

Test(stream, o_nonblock_is_left_alone)
{
	wired(1, 2, other_origins);
}

/* --- poll --- */

static void *poll_it(void *arg)
{
	return number(skua_poll(int_of(arg), POLLIN | POLLOUT, skua_now_ns() + 10000 * MS));
}

static void *poll_in(void *arg)
{
	return number(skua_poll(int_of(arg), POLLIN, SKUA_FOREVER));
}

static void polls(void)
{
	int ends[2];
	make_pipe(ends);
	cr_assert_eq(int_of(in_task(poll_it, number(ends[1]))), POLLOUT);
	skua_future *waiting = skua_async(poll_it, number(ends[0]));
	await_waiting(1);
	cr_assert_eq(write(ends[1], "g", 1), 1);
	cr_assert_eq(int_of(skua_await(waiting)), POLLIN);
	cr_assert_eq(int_of(in_task(poll_in, number(ends[0]))), POLLIN, "as long as it is not read");
	cr_assert_eq(skua_read(ends[0], &(char){ 0 }, 1), 1);
	waiting = skua_async(poll_in, number(ends[0]));
	await_waiting(1);
	skua_close(ends[1]);
	cr_assert(int_of(skua_await(waiting)) & POLLHUP);
	skua_close(ends[0]);
	cr_assert_eq(int_of(in_task(poll_in, number(ends[0]))), -EBADF);
	cr_assert_eq(skua_poll(ends[0], POLLIN, 0), -EBADF);
}

Test(stream, poll_tells_what_is_ready)
{
	wired(1, 4, polls);
}

/* --- fork-join tasks --- */

SKUA_TASK(int, reads_in_a_branch, int, fd)
{
	return int_of(read_byte(number(fd)));
}

SKUA_TASK(int, two_readers, int, a, int, b)
{
	SKUA_SPAWN(reads_in_a_branch, a);
	int second = SKUA_CALL(reads_in_a_branch, b);
	return SKUA_SYNC(reads_in_a_branch) * 1000 + second;
}

static void *write_both(void *arg)
{
	int *fd = arg;
	skua_sleep_ns(MS);
	cr_assert_eq(skua_write(fd[0], "h", 1), 1);
	skua_sleep_ns(MS);
	cr_assert_eq(skua_write(fd[1], "i", 1), 1);
	return NULL;
}

static void fork_join(void)
{
	int a[2], b[2];
	make_pipe(a);
	make_pipe(b);
	int to[2] = { b[1], a[1] };
	skua_future *writing = skua_async(write_both, to);
	cr_assert_eq(SKUA_RUN(two_readers, a[0], b[0]), 'i' * 1000 + 'h');
	skua_await(writing);
	for (int i = 0; i < 2; i++) {
		skua_close(a[i]);
		skua_close(b[i]);
	}
}

Test(stream, spawned_tasks_read_too)
{
	wired(1, 4, fork_join);
}

/* Reading nothing from a connection says 0 at once, though nothing has come. */
static void *read_nothing(void *arg)
{
	int listener = skua_listen("127.0.0.1", 0, 4);
	int a = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener)), b = skua_accept(listener);
	char byte;
	cr_assert(a >= 0 && b >= 0);
	cr_assert_eq(skua_read_until(a, &byte, 0, skua_now_ns() + 10 * MS), 0);
	cr_assert_eq(skua_read_until(a, &byte, 1, skua_now_ns() + MS), -ETIMEDOUT);
	skua_close(a);
	skua_close(b);
	skua_close(listener);
	return arg;
}

static void nothing(void)
{
	in_task(read_nothing, NULL);
}

Test(stream, nothing_is_read_at_once)
{
	wired(1, 2, nothing);
}
