/* SPDX-License-Identifier: Apache-2.0 */
/* Files: positions, appending, ends, errors, many at once, cancelling what blocks in the kernel. */
#include "wired.h"

#include <stdio.h>
#include <sys/stat.h>

static char path[64];

static void name_file(void)
{
	snprintf(path, sizeof path, "/tmp/skua-file-%d", (int)getpid());
	unlink(path);
}

static void *positions(void *arg)
{
	char text[16] = "";
	int fd = skua_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(skua_pwrite(fd, "world", 5, 6), 5);
	cr_assert_eq(skua_pwrite(fd, "hello ", 6, 0), 6);
	cr_assert_eq(skua_fsync(fd), 0);
	cr_assert_eq(skua_pread(fd, text, sizeof text, 0), 11);
	cr_assert_arr_eq(text, "hello world", 11);
	cr_assert_eq(skua_pread(fd, text, 5, 6), 5);
	cr_assert_arr_eq(text, "world", 5);
	cr_assert_eq(skua_pread(fd, text, 5, 11), 0, "the end");
	cr_assert_eq(skua_pread(fd, text, 5, -1), -EINVAL);
	cr_assert_eq(skua_pread(fd, text, 0, 0), 0);
	cr_assert_eq(skua_read(fd, text, 6), 6, "the descriptor's own position");
	cr_assert_eq(skua_read(fd, text, 6), 5);
	cr_assert_eq(skua_read(fd, text, 6), 0);
	cr_assert_eq(skua_write(fd, "!", 1), 1);
	cr_assert_eq(lseek(fd, 0, SEEK_CUR), 12);
	cr_assert_gt(skua_poll(fd, POLLIN, SKUA_FOREVER), 0, "a file is always ready");
	cr_assert_eq(skua_close(fd), 0);
	cr_assert_eq(skua_pread(fd, text, 5, 0), -EBADF);
	cr_assert_eq(skua_read(fd, text, 5), -EBADF);
	cr_assert_eq(skua_write(fd, text, 5), -EBADF);
	cr_assert_eq(skua_pwrite(fd, text, 5, 0), -EBADF);
	cr_assert_eq(skua_fsync(fd), -EBADF);
	cr_assert_eq(skua_close(fd), -EBADF);
	return arg;
}

static void at_positions(void)
{
	everywhere(positions, NULL);
	unlink(path);
}

Test(file, positions_and_ends, .init = name_file)
{
	wired(1, 2, at_positions);
}

static void *append(void *arg)
{
	char text[8];
	snprintf(text, sizeof text, "%06d\n", int_of(arg));
	int fd = skua_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	cr_assert_geq(fd, 0);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(skua_write_all(fd, text, 7), 7);
	skua_close(fd);
	return NULL;
}

static void appending(void)
{
	enum { COUNT = 20 };
	static char all[COUNT * 20 * 7 + 1];
	unsigned seen[COUNT] = { 0 };
	skua_future *going[COUNT];
	unlink(path);
	for (int i = 0; i < COUNT; i++)
		going[i] = skua_async(append, number(i));
	for (int i = 0; i < COUNT; i++)
		skua_await(going[i]);
	int fd = skua_open(path, O_RDONLY, 0);
	cr_assert_eq(skua_read_all(fd, all, sizeof all), (ptrdiff_t)sizeof all - 1);
	for (size_t at = 0; at < sizeof all - 1; at += 7) {
		int who = atoi(all + at);
		cr_assert(who >= 0 && who < COUNT && all[at + 6] == '\n');
		seen[who]++;
	}
	for (int i = 0; i < COUNT; i++)
		cr_assert_eq(seen[i], 20, "nothing is lost or torn");
	skua_close(fd);
	unlink(path);
}

Test(file, appended_lines_stay_whole, .init = name_file)
{
	wired(1, 4, appending);
}

/* A big file in parts, out of order, through a foreign descriptor and one of ours. */
#define PART 100000u
#define PARTS 24u

typedef struct part {
	int fd;
	size_t index;
} part;

static void *write_part(void *arg)
{
	part *self = arg;
	char *bytes = malloc(PART);
	fill(bytes, PART, 5, self->index * PART);
	cr_assert_eq(skua_pwrite(self->fd, bytes, PART, (int64_t)(self->index * PART)), PART);
	free(bytes);
	return NULL;
}

static void *read_part(void *arg)
{
	part *self = arg;
	char *bytes = malloc(PART);
	cr_assert_eq(skua_pread(self->fd, bytes, PART, (int64_t)(self->index * PART)), PART);
	expect_bytes(bytes, PART, 5, self->index * PART);
	free(bytes);
	return NULL;
}

static void for_parts(int fd, void *(*fn)(void *))
{
	part parts[PARTS];
	skua_future *going[PARTS];
	for (size_t i = 0; i < PARTS; i++) {
		parts[i] = (part){ fd, i * 7 % PARTS };
		going[i] = skua_async(fn, &parts[i]);
	}
	for (size_t i = 0; i < PARTS; i++)
		skua_await(going[i]);
}

static void *read_through(void *arg)
{
	char *bytes = malloc(PART * PARTS);
	cr_assert_eq(skua_read(int_of(arg), bytes, PART * PARTS), PART * PARTS, "a file is read in one go");
	expect_bytes(bytes, PART * PARTS, 5, 0);
	free(bytes);
	return NULL;
}

static void big_file(void)
{
	int ours = skua_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for_parts(ours, write_part);
	cr_assert_eq(skua_fsync(ours), 0);
	/* Out of the cache, where the file system lets us. */
	posix_fadvise(ours, 0, 0, POSIX_FADV_DONTNEED);
	int foreign = open(path, O_RDONLY | O_CLOEXEC);
	for_parts(foreign, read_part);
	posix_fadvise(ours, 0, 0, POSIX_FADV_DONTNEED);
	in_task(read_through, number(foreign));
	posix_fadvise(ours, 0, 0, POSIX_FADV_DONTNEED);
	cr_assert_eq(lseek(ours, 0, SEEK_SET), 0);
	in_task(read_through, number(ours));
	skua_close(foreign);
	skua_close(ours);
	unlink(path);
}

Test(file, parts_in_any_order, .init = name_file)
{
	wired(1, 4, big_file);
}

static void *wrong_ones(void *arg)
{
	cr_assert_eq(skua_open("/no/such/file", O_RDONLY, 0), -ENOENT);
	cr_assert_eq(skua_open("/tmp", O_WRONLY, 0), -EISDIR);
	cr_assert_eq(skua_open_until(path, O_RDONLY, 0, 0), -ETIMEDOUT, "nothing is opened after the deadline");
	int directory = skua_open("/tmp", O_RDONLY | O_DIRECTORY, 0), ends[2];
	char text[4];
	cr_assert_eq(skua_read(directory, text, sizeof text), -EISDIR);
	skua_close(directory);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(skua_pread(ends[0], text, sizeof text, 0), -ESPIPE);
	cr_assert_eq(skua_fsync(ends[0]), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	int name_only = skua_open("/dev/null", O_PATH, 0);
	cr_assert_geq(name_only, 0);
	cr_assert_eq(skua_read(name_only, text, sizeof text), -EBADF);
	skua_close(name_only);
	cr_assert_eq(skua_close(-1), -EBADF);
	cr_assert_eq(skua_poll(-1, POLLIN, 0), -EBADF);
	return arg;
}

/* A task that was cancelled begins nothing more. */
static void *begin_nothing(void *arg)
{
	const char *argv[] = { "true", NULL };
	const skua_process_options how = { .argv = argv };
	skua_process child;
	char byte = 0;
	while (!skua_cancelled())
		skua_yield();
	cr_assert_eq(skua_open(path, O_RDWR | O_CREAT, 0600), -ECANCELED);
	cr_assert_eq(skua_pread(STDIN_FILENO, &byte, 1, 0), -ECANCELED);
	cr_assert_eq(skua_pwrite(STDOUT_FILENO, &byte, 1, 0), -ECANCELED);
	cr_assert_eq(skua_fsync(STDOUT_FILENO), -ECANCELED);
	cr_assert_eq(skua_process_start(&child, &how), -ECANCELED);
	cr_assert_eq(access(path, F_OK), -1);
	return arg;
}

static void wrong(void)
{
	in_task(wrong_ones, NULL);
	skua_future *task = skua_async(begin_nothing, NULL);
	skua_cancel(task);
	skua_await(task);
}

Test(file, errors_are_the_systems, .init = name_file)
{
	wired(1, 2, wrong);
}

/* Opening a named pipe waits for the other side; the ring lets go of it when the task is cancelled. */
static void *open_pipe(void *arg)
{
	int fd = skua_open_until(path, O_RDONLY, 0, arg ? skua_now_ns() + MS : SKUA_FOREVER);
	return number(fd);
}

Test(file, opening_a_pipe_without_another_side, .init = name_file)
{
	if (!has_uring())
		cr_skip_test("no io_uring here");
	setenv("SKUA_IO", "uring", 1);
	cr_assert_eq(mkfifo(path, 0600), 0);
	start(1, false);
	int given_up = int_of(in_task(open_pipe, path));
	cr_assert_eq(given_up, -ETIMEDOUT, "%d", given_up);
	skua_future *opening = skua_async(open_pipe, NULL);
	skua_sleep_ns(MS);
	cr_assert_not(skua_future_done(opening));
	skua_cancel(opening);
	cr_assert_eq(int_of(skua_await(opening)), -ECANCELED);
	opening = skua_async(open_pipe, NULL);
	skua_sleep_ns(MS);
	int other = open(path, O_WRONLY | O_CLOEXEC);
	int fd = int_of(skua_await(opening));
	cr_assert_geq(fd, 0, "%s", skua_strerror(fd));
	cr_assert_eq(write(other, "x", 1), 1);
	cr_assert_eq(skua_read(fd, &(char){ 0 }, 1), 1);
	skua_close(fd);
	close(other);
	skua_stop();
	unlink(path);
}

/* The thread that submitted an operation may end before it is over. */
static void *run_one(void *arg)
{
	(void)arg;
	return in_task(open_pipe, NULL);
}

Test(file, an_operation_outlives_the_thread_that_began_it, .init = name_file)
{
	if (!has_uring())
		cr_skip_test("no io_uring here");
	setenv("SKUA_IO", "uring", 1);
	cr_assert_eq(mkfifo(path, 0600), 0);
	start(1, false);
	pthread_t thread;
	void *fd;
	for (int i = 0; i < 20; i++) {
		pthread_create(&thread, NULL, run_one, NULL);
		skua_sleep_ns(200000);
		int other = open(path, O_WRONLY | O_CLOEXEC);
		pthread_join(thread, &fd);
		cr_assert_geq(int_of(fd), 0, "%s", skua_strerror(int_of(fd)));
		skua_close(int_of(fd));
		close(other);
	}
	skua_stop();
	unlink(path);
}
