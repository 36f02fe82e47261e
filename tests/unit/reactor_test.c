/* SPDX-License-Identifier: Apache-2.0 */
/* The reactor's own life: events between a try and a wait, generations, starts and stops with I/O, forks. */
#include "wired.h"

#include "io/reactor.h"
#include "sched/settings.h"

#include <netinet/in.h>
#include <sys/wait.h>

/* --- look, try, enlist --- */

static int ends[2];

/* Waits until the reactor has counted an event for reading. */
static void await_event(sk_io_watch *watch)
{
	uint32_t before = watch->seen[SK_SIDE_IN];
	while (sk_load_acquire(&watch->descriptor->events[SK_SIDE_IN]) == before)
		skua_sleep_ns(100000);
}

static void *between_try_and_wait(void *arg)
{
	sk_io_watch watch;
	cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_eq(sk_reactor_begin(&watch, ends[0], SK_IN), 0);
	sk_reactor_look(&watch);
	cr_assert_eq(sk_reactor_arm(&watch), 0);
	/* Nothing yet: a place in the list, which is given up. */
	cr_assert(sk_reactor_enlist(&watch, 0, SK_CAUSE_EVENT));
	sk_reactor_delist(&watch);
	/* An event after the look: no wait. */
	sk_reactor_look(&watch);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	await_event(&watch);
	cr_assert_not(sk_reactor_enlist(&watch, 0, SK_CAUSE_EVENT));
	/* One before the look had its effect on the try. */
	sk_reactor_look(&watch);
	cr_assert(sk_reactor_enlist(&watch, 0, SK_CAUSE_EVENT));
	sk_reactor_delist(&watch);
	cr_assert_not(sk_reactor_is_closed(&watch));
	skua_close(ends[0]);
	cr_assert(sk_reactor_is_closed(&watch));
	cr_assert_not(sk_reactor_enlist(&watch, 0, SK_CAUSE_EVENT));
	cr_assert_eq(sk_reactor_arm(&watch), -EBADF);
	skua_close(ends[1]);
	return arg;
}

static void no_event_is_lost(void)
{
	in_task(between_try_and_wait, NULL);
}

Test(reactor, an_event_between_try_and_wait_is_not_lost)
{
	wired(1, 2, no_event_is_lost);
}

/* A connection over TCP, without the reactor's knowing anything but its kind. */
static void connection(int *near, int *far)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, bytes), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(connect(*far, (struct sockaddr *)&address, bytes), 0);
	*near = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	cr_assert_geq(*near, 0);
	close(listener);
}

static bool looks_drained(sk_io_watch *watch)
{
	sk_reactor_look(watch);
	return sk_reactor_is_drained(watch);
}

static void *short_reads(void *arg)
{
	sk_io_watch watch;
	int near, far;
	connection(&near, &far);
	sk_reactor_adopt(near, SK_DESCRIPTOR_TCP);
	cr_assert_eq(sk_reactor_begin(&watch, near, SK_IN), 0);
	cr_assert_not(looks_drained(&watch), "nobody has read yet");
	sk_reactor_drained(&watch);
	cr_assert(looks_drained(&watch));
	cr_assert_eq(sk_reactor_arm(&watch), 0);
	cr_assert(looks_drained(&watch), "nothing has come");
	cr_assert_eq(write(far, "x", 1), 1);
	await_event(&watch);
	cr_assert_not(looks_drained(&watch), "something has come");
	sk_reactor_drained(&watch);
	cr_assert(looks_drained(&watch), "and was read");
	cr_assert_eq(shutdown(far, SHUT_WR), 0);
	await_event(&watch);
	sk_reactor_look(&watch);
	sk_reactor_drained(&watch);
	cr_assert_not(looks_drained(&watch), "an end is there to be read, always");
	sk_reactor_adopt(near, SK_DESCRIPTOR_TCP);
	cr_assert_eq(sk_reactor_begin(&watch, near, SK_IN), 0);
	cr_assert_not(looks_drained(&watch), "another connection of that number");
	sk_reactor_drained(&watch);
	cr_assert(looks_drained(&watch), "whose end has not come");
	sk_reactor_adopt(near, SK_DESCRIPTOR_SOCKET);
	cr_assert_eq(sk_reactor_begin(&watch, near, SK_IN), 0);
	sk_reactor_look(&watch);
	sk_reactor_drained(&watch);
	cr_assert_not(looks_drained(&watch), "messages have bounds, at which a read stops");
	skua_close(near);
	close(far);
	return arg;
}

static void reads(void)
{
	in_task(short_reads, NULL);
}

Test(reactor, a_short_read_is_remembered_until_the_next_event)
{
	wired(1, 2, reads);
}

static void *old_names(void *arg)
{
	sk_io_watch watch;
	cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_eq(sk_reactor_begin(&watch, ends[0], SK_IN | SK_OUT), 0);
	sk_reactor_look(&watch);
	cr_assert(sk_reactor_enlist(&watch, 0, SK_CAUSE_EVENT));
	uint64_t old = (uint64_t)(watch.generation - 1) << 32 | (uint32_t)ends[0];
	sk_reactor_deliver(sk_worker_self()->pool, old, SK_IN | SK_OUT, true);
	cr_assert_not_null(watch.node[SK_SIDE_IN].link, "an event of another generation is nobody's");
	cr_assert_not_null(watch.node[SK_SIDE_OUT].link);
	uint64_t now = (uint64_t)watch.generation << 32 | (uint32_t)ends[0];
	sk_reactor_deliver(sk_worker_self()->pool, now, SK_OUT, true);
	cr_assert_not_null(watch.node[SK_SIDE_IN].link, "an event concerns its side");
	cr_assert_null(watch.node[SK_SIDE_OUT].link);
	sk_reactor_delist(&watch);
	cr_assert_null(watch.node[SK_SIDE_IN].link);
	skua_close(ends[0]);
	skua_close(ends[1]);
	return arg;
}

static void generations(void)
{
	in_task(old_names, NULL);
}

Test(reactor, events_name_their_generation)
{
	wired(1, 2, generations);
}

/* --- starts, stops, forks --- */

static void *read_one(void *fd)
{
	char byte = 0;
	ptrdiff_t result = skua_read(int_of(fd), &byte, 1);
	return number(result == 1 ? byte : (int)result);
}

static void ping(void)
{
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	skua_future *reading = skua_async(read_one, number(ends[0]));
	skua_sleep_ns(500000);
	cr_assert_eq(skua_write(ends[1], "p", 1), 1);
	cr_assert_eq(int_of(skua_await(reading)), 'p');
	skua_close(ends[0]);
	skua_close(ends[1]);
}

static void *open_file(void *arg)
{
	int fd = skua_open("/proc/self/stat", O_RDONLY, 0);
	cr_assert_geq(fd, 0);
	skua_close(fd);
	return arg;
}

Test(reactor, a_stop_closes_everything)
{
	unsigned before = count_open();
	for (int i = 0; i < 10; i++) {
		start(2, false);
		ping();
		in_task(open_file, NULL);
		skua_stop();
		cr_assert_eq(count_open(), before);
	}
	/* A descriptor may outlive the runtime that made it. */
	start(1, false);
	int listener = skua_listen("127.0.0.1", 0, 4);
	skua_stop();
	start(1, false);
	int fd = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
	cr_assert_geq(fd, 0);
	skua_stop();
	skua_close(fd);
	skua_close(listener);
	cr_assert_eq(count_open(), before);
}

static int count_inherited(void)
{
	int count = 0;
	for (int fd = 0; fd < 4096; fd++) {
		int flags = fcntl(fd, F_GETFD);
		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

Test(reactor, everything_is_close_on_exec)
{
	int before = count_inherited();
	start(2, false);
	ping();
	in_task(open_file, NULL);
	int listener = skua_listen("127.0.0.1", 0, 4);
	int fd = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener)), peer = skua_accept(listener);
	cr_assert(fcntl(listener, F_GETFD) & FD_CLOEXEC);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert(fcntl(peer, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(count_inherited(), before);
	skua_close(fd);
	skua_close(peer);
	skua_close(listener);
	skua_stop();
}

/* ThreadSanitizer allows no threads in the child of a program with threads; qemu-user fails an assertion of its own. */
#if !SK_THREAD_SANITIZER && !UNIT_EMULATED
Test(reactor, the_child_of_a_fork_begins_anew)
{
	for (int i = 0; i < 3; i++) {
		start(2, false);
		ping();
		in_task(open_file, NULL);
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			ping();
			in_task(open_file, NULL);
			skua_stop();
			_exit(42);
		}
		ping();
		int status;
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42, "%x", status);
		ping();
		skua_stop();
	}
}
#endif

/* A computing task does not keep a reader waiting for ever. */
SKUA_TASK(long, count_up, int, depth)
{
	if (depth == 0)
		return 1;
	SKUA_SPAWN(count_up, depth - 1);
	long other = SKUA_CALL(count_up, depth - 1);
	return SKUA_SYNC(count_up) + other;
}

static SK_ATOMIC(uint32_t) is_over;

static void *compute(void *arg)
{
	while (!sk_load_acquire(&is_over))
		cr_assert_eq(SKUA_RUN(count_up, 14), 1L << 14);
	return arg;
}

Test(reactor, a_reader_goes_on_beside_computing_tasks)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		start(workers, false);
		sk_store_release(&is_over, 0);
		skua_future *computing[2] = { skua_async(compute, NULL), skua_async(compute, NULL) };
		for (int i = 0; i < 5; i++)
			ping();
		sk_store_release(&is_over, 1);
		skua_await(computing[0]);
		skua_await(computing[1]);
		skua_stop();
	}
}

Test(reactor, the_way_of_files_is_told)
{
	char text[128];
	sk_reactor_describe(SK_IO_EPOLL, text, sizeof text);
	cr_assert_str_eq(text, "epoll; files by threads (SKUA_IO=epoll)");
	for (unsigned choice = SK_IO_AUTO; choice <= SK_IO_URING; choice += SK_IO_URING - SK_IO_AUTO) {
		sk_reactor_describe(choice, text, sizeof text);
		const char *without = choice == SK_IO_URING ? "epoll; files not at all: SKUA_IO=uring, but io_uring: "
							    : "epoll; files by threads (io_uring: ";
		const char *expected = has_uring() ? "epoll; files by io_uring" : without;
		cr_assert(strncmp(text, expected, strlen(expected)) == 0, "%s", text);
	}
}

static void *poll_for_input(void *fd)
{
	return number(skua_poll(int_of(fd), POLLIN, SKUA_FOREVER));
}

/* More than are woken in one go, of one event. */
static void crowd_at_one_descriptor(void)
{
	enum { CROWD = 100 };
	skua_future *polling[CROWD];
	int pair[2];
	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	for (int i = 0; i < CROWD; i++)
		polling[i] = skua_async(poll_for_input, number(pair[0]));
	await_waiting(CROWD);
	cr_assert_eq(write(pair[1], "x", 1), 1);
	for (int i = 0; i < CROWD; i++)
		cr_assert_eq(int_of(skua_await(polling[i])) & POLLIN, POLLIN);
	skua_close(pair[0]);
	skua_close(pair[1]);
}

Test(reactor, all_who_wait_for_a_descriptor_are_woken)
{
	wired(1, 2, crowd_at_one_descriptor);
}
