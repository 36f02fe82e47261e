/* SPDX-License-Identifier: Apache-2.0 */
/* A life, from the start to the stop; see life.h. */
#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skua/skua.h>

unsigned life_errors, life_workers = 2;
bool life_is_poor;
char life_first_error[96];

void life_wrong(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_exit(LIFE_WRONG);
}

#define REQUIRE(condition) ((condition) ? (void)0 : life_wrong("line %d: not so: %s", __LINE__, #condition))

/* Notes an error, which must be one that the headers name. Returns whether it was one. Tasks of one group at a time. */
static bool failed(const char *call, long result)
{
	/* the last two: the task at the other end has failed, and closed its socket */
	static const int known[] = { ENOMEM,    EAGAIN,    EMFILE,     ENOSPC, EPERM,
				     ETIMEDOUT, ECANCELED, ECONNRESET, EPIPE };
	if (result >= 0)
		return false;
	bool is_known = false;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		is_known |= result == -known[i];
	if (!is_known)
		life_wrong("%s gave %ld: %s", call, result, skua_strerror((int)result));
	if (__atomic_fetch_add(&life_errors, 1, __ATOMIC_RELAXED) == 0)
		snprintf(life_first_error, sizeof life_first_error, "%s: %s", call, skua_strerror((int)result));
	return true;
}

/* --- fork-join and loops --- */

SKUA_TASK(long, fib, int, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	long second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

/* Levels that fit into the smaller stacks that fibers get where memory for the bigger ones is missing. */
#ifdef __OPTIMIZE__
#define DEEP 3000
#else
#define DEEP 1000
#endif

SKUA_TASK(long, deep, int, depth)
{
	if (depth == 0)
		return 1;
	SKUA_SPAWN(fib, 1);
	long below = SKUA_CALL(deep, depth - 1);
	return SKUA_SYNC(fib) + below;
}

#define COUNT 3000

typedef struct wide {
	long value, other[39]; /* too big for any place on a stack that the library may have */
} wide;

static wide rows[COUNT], scanned[COUNT];

static void fills(size_t first, size_t end, void *arg)
{
	(void)arg;
	for (size_t i = first; i < end; i++)
		rows[i].value = (long)((i * 1103) % COUNT);
}

static void adds(size_t first, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = first; i < end; i++)
		((wide *)partial)->value += rows[i].value;
}

static void combines(void *into, const void *from, void *arg)
{
	(void)arg;
	((wide *)into)->value += ((const wide *)from)->value;
}

static int compares(const void *a, const void *b)
{
	long x = ((const wide *)a)->value, y = ((const wide *)b)->value;
	return (x > y) - (x < y);
}

SKUA_SORT(sort_wides, wide, a, b, a->value < b->value)

static void loops(void)
{
	static const wide nothing = { 0 };
	static const skua_loop still = { .schedule = SKUA_STATIC };
	const long total = (long)COUNT * (COUNT - 1) / 2;
	wide sum = nothing, ordered = nothing;
	skua_for_with(&still, 0, COUNT, fills, NULL);
	skua_reduce(0, COUNT, &sum, sizeof sum, adds, combines, NULL);
	skua_reduce_ordered(0, 4, &ordered, sizeof ordered, adds, combines, NULL);
	REQUIRE(sum.value == total);
	REQUIRE(ordered.value == rows[0].value + rows[1].value + rows[2].value + rows[3].value);
	skua_scan(scanned, rows, COUNT, sizeof(wide), &nothing, combines, NULL);
	REQUIRE(scanned[COUNT - 1].value == total);
	sort_wides(scanned, 40); /* by insertion and merges, with and without memory for them */
	for (long i = 1; i < 40; i++)
		REQUIRE(scanned[i - 1].value <= scanned[i].value);
	skua_sort(rows, COUNT, sizeof(wide), compares);
	for (long i = 0; i < COUNT; i++)
		REQUIRE(rows[i].value == i);
	skua_local *local = skua_local_create(sizeof(long), NULL, NULL);
	if (!failed("skua_local_create", local ? 0 : -ENOMEM))
		skua_local_destroy(local);
}

/* --- tasks that wait --- */

static void *sleeps(void *arg)
{
	failed("skua_sleep_ns", skua_sleep_ns(20000));
	return arg;
}

static void *same(void *arg)
{
	return arg;
}

static void futures(void)
{
	enum {
		TASKS = 12
	};
	skua_future *future[TASKS];
	for (long i = 0; i < TASKS; i++) {
		future[i] = skua_async(sleeps, &rows[i]);
		failed("skua_async", future[i] ? 0 : -errno);
	}
	for (long i = 0; i < TASKS; i++)
		REQUIRE(!future[i] || skua_await(future[i]) == &rows[i]);
}

/* More than a worker's queue has room for at first, from inside a task. */
static void *starts_many(void *arg)
{
	enum {
		MANY = 150
	};
	skua_future *future[MANY];
	for (long i = 0; i < MANY; i++) {
		future[i] = skua_async(same, &rows[i]);
		failed("skua_async", future[i] ? 0 : -errno);
	}
	for (long i = 0; i < MANY; i++)
		REQUIRE(!future[i] || skua_await(future[i]) == &rows[i]);
	return arg;
}

static void crowds(void)
{
	skua_future *future = skua_async(starts_many, NULL);
	if (!failed("skua_async", future ? 0 : -errno))
		skua_await(future);
}

static skua_channel *channel;

static int sends(void *arg)
{
	for (long i = 0; i < 10; i++)
		failed("skua_channel_send", skua_channel_send(channel, &i));
	skua_channel_close(channel);
	return arg ? 0 : 1;
}

static void receive(void)
{
	long value, sum = 0;
	while (skua_channel_recv(channel, &value) == 0)
		sum += value;
	REQUIRE(sum == 45 || life_errors > 0);
}

static void channels(void)
{
	channel = skua_channel_create(3, sizeof(long));
	if (failed("skua_channel_create", channel ? 0 : -ENOMEM))
		return;
	skua_group group = SKUA_GROUP_INIT;
	if (!failed("skua_group_run", skua_group_run(&group, sends, channel)))
		receive();
	REQUIRE(skua_group_wait(&group) == 0);
	skua_channel_destroy(channel);
}

/* More than one block of an unbounded channel holds; what could not be sent is left out. */
static void many_elements(void)
{
	skua_channel *all = skua_channel_create(SKUA_UNBOUNDED, sizeof(long));
	if (failed("skua_channel_create", all ? 0 : -ENOMEM))
		return;
	long sent = 0, received = 0, value;
	for (long i = 0; i < 1200; i++)
		if (!failed("skua_channel_send", skua_channel_send(all, &i)))
			sent += i;
	skua_channel_close(all);
	while (skua_channel_recv(all, &value) == 0)
		received += value;
	REQUIRE(received == sent);
	skua_channel_destroy(all);
}

static skua_key key;
static bool has_key;

static int in_task(void *arg)
{
	static const int number = SIGUSR2;
	static const char *const argv[] = { "true", NULL };
	if (!failed("skua_key_set", skua_key_set(key, arg)))
		REQUIRE(skua_key_get(key) == arg);
	REQUIRE(skua_offload(same, arg) == arg);
	int got = skua_signal_wait_until(&number, 1, skua_now_ns() + 2000000);
	REQUIRE(got < 0);
	if (got != -ETIMEDOUT)
		failed("skua_signal_wait", got);
	skua_process child;
	skua_process_options options = { .argv = argv, .output = SKUA_STDIO_PIPE };
	if (!failed("skua_process_start", skua_process_start(&child, &options))) {
		char byte;
		ptrdiff_t read = skua_read(child.output, &byte, 1);
		failed("skua_read", read);
		REQUIRE(read <= 0);
		REQUIRE(skua_process_wait(&child) == 0);
		skua_close(child.output);
	}
	return 0;
}

/* --- input and output --- */

static int uses_file(void *arg)
{
	char path[64], text[6] = "";
	snprintf(path, sizeof path, "sweep.%d.tmp", (int)getpid());
	int fd = skua_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (failed("skua_open", fd))
		return arg ? 0 : 1;
	ptrdiff_t done = skua_pwrite(fd, "skua!", 5, 0);
	if (!failed("skua_pwrite", done) && !failed("skua_fsync", skua_fsync(fd))) {
		done = skua_pread(fd, text, 5, 0);
		REQUIRE(failed("skua_pread", done) || strcmp(text, "skua!") == 0);
	}
	REQUIRE(skua_close(fd) == 0);
	unlink(path);
	return 0;
}

/* Whoever fails here cancels the other one, which would wait in vain. */
static int serves(void *arg)
{
	char byte = 0;
	int fd = skua_accept(*(int *)arg);
	if (failed("skua_accept", fd))
		return fd;
	ptrdiff_t got = skua_recv(fd, &byte, 1, 0);
	if (!failed("skua_recv", got) && got == 1)
		failed("skua_send", got = skua_send(fd, &byte, 1, 0));
	skua_close(fd);
	return got == 1 ? 0 : -ECANCELED;
}

static int asks(void *arg)
{
	char byte = 'x';
	int fd = skua_dial("127.0.0.1", (unsigned)skua_local_port(*(int *)arg));
	if (failed("skua_dial", fd))
		return fd;
	ptrdiff_t got = skua_send(fd, &byte, 1, 0);
	if (!failed("skua_send", got))
		failed("skua_recv", got = skua_recv(fd, &byte, 1, 0));
	skua_close(fd);
	return got == 1 ? 0 : -ECANCELED;
}

static void sockets(void)
{
	skua_group group = SKUA_GROUP_INIT;
	int listener = skua_listen("127.0.0.1", 0, 8);
	if (failed("skua_listen", listener))
		return;
	if (failed("skua_group_run", skua_group_run(&group, serves, &listener)) ||
	    failed("skua_group_run", skua_group_run(&group, asks, &listener)))
		skua_group_cancel(&group);
	REQUIRE(skua_group_wait(&group) == 0 || life_errors > 0);
	skua_close(listener);
}

/* A name that needs no server. */
static int looks_up(void *arg)
{
	struct addrinfo *list = NULL;
	int error = skua_resolve("localhost", "80", NULL, &list);
	if (error == -ENOENT && life_is_poor)
		error = -EMFILE; /* without a descriptor for its files the C library does not know the name */
	if (!failed("skua_resolve", error) && error == 0)
		freeaddrinfo(list);
	(void)arg;
	return 0;
}

static void input_and_output(void)
{
	skua_group group = SKUA_GROUP_INIT;
	sockets();
	failed("skua_group_run", skua_group_run(&group, looks_up, &group));
	failed("skua_group_run", skua_group_run(&group, uses_file, &group));
	if (has_key)
		failed("skua_group_run", skua_group_run(&group, in_task, &group));
	REQUIRE(skua_group_wait(&group) == 0);
}

void life(void)
{
	skua_config config = { .workers = life_workers, .bind_main = 1 };
	if (failed("skua_start", skua_start(&config))) {
		REQUIRE(skua_start_problem()[0] != '\0');
		REQUIRE(skua_workers() == 0);
		return;
	}
	REQUIRE(SKUA_RUN(fib, 12) == 144);
	REQUIRE(SKUA_RUN(deep, DEEP) == DEEP + 1);
	loops();
	futures();
	crowds();
	channels();
	many_elements();
	if (!has_key)
		has_key = !failed("skua_key_create", skua_key_create(&key, NULL));
	if (has_key && !failed("skua_key_set", skua_key_set(key, &key)))
		REQUIRE(skua_key_get(key) == &key);
	input_and_output();
	skua_stop();
	REQUIRE(skua_workers() == 0);
}
