/* SPDX-License-Identifier: Apache-2.0 */
/* What other kernels and file systems answer: to epoll, to io_uring, to transfers of which a part is at hand. */
#include "refused.h"

#include "io/reactor.h"
#include "sched/settings.h"

/* --- a plain thread's poll, and what is polled in vain --- */

static void poll_interrupted(void)
{
	int ends[2];
	char byte;
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	refuse(POLL, EINTR, 2);
	uint64_t until = skua_now_ns() + 100 * MS;
	cr_assert_eq(skua_read_until(ends[0], &byte, 1, until), -ETIMEDOUT);
	cr_assert_geq(skua_now_ns(), until, "never early");
	expect_refused(POLL);
	refuse(LOOK, EINTR, 1);
	cr_assert_eq(skua_poll(ends[1], POLLOUT, SKUA_FOREVER), POLLOUT);
	expect_refused(LOOK);
	refuse(LOOK, ENOMEM, 1);
	cr_assert_eq(skua_poll(ends[1], POLLOUT, SKUA_FOREVER), -ENOMEM);
	refuse(CLOSE, EINTR, 1);
	cr_assert_eq(skua_close(dup(ends[1])), 0, "it is closed");
	expect_refused(CLOSE);
	refuse(POLL, ENOMEM, 1);
	cr_assert_eq(skua_read_until(ends[0], &byte, 1, skua_now_ns() + 10000 * MS), -ENOMEM);
	skua_close(ends[0]);
	skua_close(ends[1]);
	/* Closed before the thread tries, and between its try and its wait. */
	cr_assert_eq(skua_read_until(ends[0], &byte, 1, skua_now_ns() + 10000 * MS), -EBADF);
	refuse(READ, EAGAIN, 1);
	cr_assert_eq(skua_read(ends[0], &byte, 1), -EBADF);
	expect_refused(READ);
}

Test(refusal_kernel, a_threads_poll_is_made_again_after_an_interruption_only)
{
	wired(1, 1, poll_interrupted);
}

/* Late enough for a slow machine to come as far as the wait. */
static ptrdiff_t read_soon(int fd)
{
	char byte;
	return skua_read_until(fd, &byte, 1, skua_now_ns() + 100 * MS);
}

/* A descriptor of the program's own is told to the kernel at each wait. */
static void *watch_anew(void *arg)
{
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(read_soon(ends[0]), -ETIMEDOUT, "the reactor is open");
	refuse(WATCH, ENOENT, 1);
	cr_assert_eq(read_soon(ends[0]), -ETIMEDOUT, "it is added again");
	expect_refused(WATCH);
	refuse(WATCH, EEXIST, 1);
	cr_assert_eq(read_soon(ends[0]), -EEXIST, "no answer to a change");
	refuse(WATCH, THE_OTHER, 3);
	cr_assert_eq(read_soon(ends[0]), -ENOENT, "it is not tried for ever");
	expect_refused(WATCH);
	skua_close(ends[0]);
	skua_close(ends[1]);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	refuse(WATCH, ENOENT, 1);
	cr_assert_eq(read_soon(ends[0]), -ENOENT, "no answer to an addition");
	refuse(WATCH, EEXIST, 1);
	cr_assert_eq(read_soon(ends[0]), -ETIMEDOUT, "it is changed, and added when that fails");
	expect_refused(WATCH);
	skua_close(ends[0]);
	skua_close(ends[1]);
	return arg;
}

static void watching(void)
{
	in_task(watch_anew, NULL);
}

Test(refusal_kernel, a_descriptor_that_was_changed_behind_our_back_is_added_or_changed)
{
	wired(1, 2, watching);
}

/* --- a kernel whose epoll counts in milliseconds --- */

static void *read_late(void *fd)
{
	const uint64_t month_ns = UINT64_C(2600000000000000);
	char byte = 0;
	return number(skua_read_until(int_of(fd), &byte, 1, skua_now_ns() + month_ns));
}

static void *read_in_time(void *fd)
{
	uint64_t until = skua_now_ns() + MS / 2;
	char byte = 0;
	ptrdiff_t result = skua_read_until(int_of(fd), &byte, 1, until);
	cr_assert_geq(skua_now_ns(), until, "never early");
	return number(result);
}

static void wait_coarsely(void)
{
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	refuse(WAIT, ENOSYS, INT_MAX);
	/* Who waits may do so without epoll, if another one looks there: several times. */
	for (int i = 0; i < 5; i++) {
		/* More milliseconds than an int has. */
		skua_future *reading = skua_async(read_late, number(ends[0]));
		await_waiting(1);
		skua_sleep_ns(2 * MS);
		cr_assert_eq(skua_write(ends[1], "a", 1), 1);
		cr_assert_eq(int_of(skua_await(reading)), 1);
		cr_assert_eq(int_of(in_task(read_in_time, number(ends[0]))), -ETIMEDOUT);
	}
	refuse(WAIT, 0, 0);
	skua_close(ends[0]);
	skua_close(ends[1]);
}

Test(refusal_kernel, deadlines_hold_where_epoll_counts_in_milliseconds)
{
	wired(1, 2, wait_coarsely);
}

/* --- files of which a part is at hand --- */

/* arg: whether the rest comes by read(2) and write(2), of which the first try fails with that error. */
static void *transfer_in_parts(void *arg)
{
	static char bytes[300]; /* behind it there have to be 2 GiB of addresses */
	char path[] = "/tmp/skua-refusal-XXXXXX";
	int fd = mkstemp(path), error = int_of(arg);
	ptrdiff_t expected = error == 0 || error == EINTR ? 300 : 150;
	cr_assert_geq(fd, 0);
	unlink(path);
	fill(bytes, sizeof bytes, 4, 0);
	refuse(PWRITE_CACHED, IN_PART, 1);
	refuse(WRITE, error, error ? 1 : 0);
	cr_assert_eq(skua_write(fd, bytes, sizeof bytes), expected, "what was written before is told");
	expect_refused(PWRITE_CACHED);
	expect_refused(WRITE);
	cr_assert_eq(skua_pwrite(fd, bytes, sizeof bytes, 0), (ptrdiff_t)sizeof bytes);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	memset(bytes, 0, sizeof bytes);
	refuse(PREAD_CACHED, IN_PART, 1);
	refuse(READ, error, error ? 1 : 0);
	cr_assert_eq(skua_read(fd, bytes, sizeof bytes), expected, "what was read before is told");
	expect_refused(PREAD_CACHED);
	expect_refused(READ);
	expect_bytes(bytes, (size_t)expected, 4, 0);
	/* More than one call transfers, and nothing at all. */
	cr_assert_eq(skua_pread(fd, bytes, (size_t)1 << 31, 0), 300);
	refuse(PREAD_CACHED, EOPNOTSUPP, 1);
	cr_assert_eq(skua_pread(fd, bytes, 0, 0), 0);
	expect_refused(PREAD_CACHED);
	skua_close(fd);
	/* Closed before: poll(2) says so where the flag is not known. */
	refuse(PREAD_CACHED, EOPNOTSUPP, 1);
	cr_assert_eq(skua_read(fd, bytes, 1), -EBADF);
	expect_refused(PREAD_CACHED);
	return NULL;
}

static void without_errors(void)
{
	in_task(transfer_in_parts, number(0));
}

Test(refusal_kernel, the_rest_of_a_file_transfer_follows_the_part_that_is_at_hand)
{
	if (UNIT_EMULATED)
		cr_skip_test("an emulator has its own idea of transfers that need not wait, and of long ones");
	wired(1, 2, without_errors);
	setenv("SKUA_IO", "epoll", 1);
	start(2, false);
	in_task(transfer_in_parts, number(EINTR));
	in_task(transfer_in_parts, number(EIO));
	skua_stop();
	unsetenv("SKUA_IO");
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

Test(refusal_kernel, without_io_uring_files_go_by_threads_unless_it_was_asked_for)
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

/* A kernel whose ring lacks what is needed. */
Test(refusal_kernel, an_io_uring_that_lacks_something_is_none)
{
	if (!has_uring())
		cr_skip_test("no io_uring");
	char expected[128]; /* each C library has words of its own */
	snprintf(expected, sizeof expected, "epoll; files by threads (io_uring: %s)", strerror(EOPNOTSUPP));
	refuse(RING_PROBE, EINVAL, 1);
	expect_text(SK_IO_AUTO, expected);
	expect_refused(RING_PROBE);
	refuse(RING_FEATURES, 0, 1);
	expect_text(SK_IO_AUTO, expected);
	expect_refused(RING_FEATURES);
}

/* What the ring does not take is done by a thread. */
Test(refusal_kernel, an_entry_that_io_uring_does_not_take_goes_by_a_thread)
{
	static const int errors[] = { EINTR, EAGAIN, EBUSY, NOTHING };
	if (!has_uring())
		cr_skip_test("no io_uring");
	setenv("SKUA_IO", "uring", 1);
	start(2, false);
	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		refuse(RING_ENTER, errors[i], 1);
		int fd = int_of(in_task(open_null, NULL));
		cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
		expect_refused(RING_ENTER);
		skua_close(fd);
	}
	skua_stop();
	unsetenv("SKUA_IO");
}
