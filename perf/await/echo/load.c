/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load for the echo servers, the same for all of them: threads with an epoll each, and nothing of skua.
 *
 *     load PORT CONNECTIONS SECONDS BYTES [THREADS [PACE]]
 *     load PORT CONNECTIONS hold BYTES
 *
 * One message is in flight on each connection, and the next one is sent when it is back (a closed loop). With a PACE of
 * n messages a second, all connections together, they are sent at fixed times in turn; the time of a message that could
 * not be sent because the one before was not back counts from when it should have been sent, so that a server that
 * stands still is not asked less often for it.
 *
 * Counting begins when each connection has had its first answer, and a tenth of the time has passed; then it prints the
 * line "begin", after SECONDS the line "end", and when all that was under way is back one line of JSON.
 *
 * hold: opens the connections, one message on each, prints "held", waits for the end of its input, sends one more on
 * each, and prints the line of JSON.
 *
 * Exit status: 0; 1 if a byte was wrong, a connection broke or nothing came for 20 s; 2 bad arguments; 3 if so many
 * connections do not fit into RLIMIT_NOFILE, which it raises as far as it may.
 */
#include "connection.h"
#include "latency.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 256,
	TOGETHER = 128, /* connections that the server may have still to accept */
	PATIENCE_MS = 20000,
	FILES_BESIDE = 64 /* descriptors for everything that is no connection */
};

enum phase {
	WARM,
	COUNTS,
	DRAINS
};

static struct options {
	unsigned port, connections, bytes, threads, pace;
	double seconds; /* 0: hold */
} options;

static atomic_int phase;         /* set by main only; relaxed, since nothing else is read by it */
static atomic_uint first_done;   /* connections that have had an answer */
static pthread_barrier_t opened; /* all connections are there */

/* One thread's part of the connections. */
typedef struct part {
	pthread_t thread;
	connection *c;
	unsigned first, count;
	int epoll, timer;
	unsigned in_flight;
	uint64_t begin_ns; /* of the pace */
	uint64_t due;      /* with a pace: messages that should have been sent */
	uint64_t skipped;  /* of these, how many were not sent at all, since two were waiting already */
	latency *times;
} part;

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Opens them, never more at once than the server's backlog takes: a full one costs a second. */
static void open_all(part *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		connection_open(&p->c[i], options.port, p->first + i, options.bytes);
		if (i % TOGETHER == TOGETHER - 1)
			connection_round_trip(&p->c[i]);
	}
}

static void watch(const part *p, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = what } };
	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		load_fail("epoll_ctl");
}

static void start(part *p, connection *c, uint64_t begin_ns)
{
	connection_send(c, begin_ns);
	p->in_flight++;
}

/* --- with a pace --- */

static uint64_t due_at(const part *p, uint64_t number)
{
	return p->begin_ns + (uint64_t)((double)number * 1e9 * options.threads / options.pace);
}

/* Sends what is due, and sets the timer to the next one. */
static void keep_pace(part *p)
{
	uint64_t now = now_ns(), at;
	if (atomic_load_explicit(&phase, memory_order_relaxed) == DRAINS)
		return;
	for (; (at = due_at(p, p->due)) <= now; p->due++) {
		connection *c = &p->c[p->due % p->count];
		if (c->begin_ns == 0)
			start(p, c, at);
		else if (c->waits_ns == 0)
			c->waits_ns = at;
		else
			p->skipped++;
	}
	struct itimerspec next = { .it_value = { .tv_sec = (time_t)(at / 1000000000u),
		                                 .tv_nsec = (long)(at % 1000000000u) } };
	if (timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &next, NULL) < 0)
		load_fail("timerfd_settime");
}

/* --- answers --- */

static void answered(part *p, connection *c, uint64_t begin_ns)
{
	uint64_t now = now_ns();
	int is = atomic_load_explicit(&phase, memory_order_relaxed);
	p->in_flight--;
	if (is == COUNTS)
		latency_add(p->times, now - begin_ns);
	if (c->waits_first) {
		c->waits_first = 0;
		atomic_fetch_add(&first_done, 1);
	}
	if (is == DRAINS)
		return;
	if (!options.pace) {
		start(p, c, now);
	} else if (c->waits_ns) {
		uint64_t since = c->waits_ns;
		c->waits_ns = 0;
		start(p, c, since);
	}
}

static void turn(part *p)
{
	struct epoll_event event[EVENTS];
	int count = epoll_wait(p->epoll, event, EVENTS, PATIENCE_MS);
	if (count < 0 && errno != EINTR)
		load_fail("epoll_wait");
	errno = 0;
	if (count == 0)
		load_fail("%u messages are not back after %d ms", p->in_flight, PATIENCE_MS);
	for (int i = 0; i < count; i++) {
		connection *c = event[i].data.ptr;
		if (!c) {
			keep_pace(p);
			continue;
		}
		uint64_t begin_ns = c->begin_ns;
		if (connection_receive(c))
			answered(p, c, begin_ns);
	}
}

static void *run(void *arg)
{
	part *p = arg;
	open_all(p);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->epoll < 0 || p->timer < 0)
		load_fail("epoll_create1");
	for (unsigned i = 0; i < p->count; i++)
		watch(p, p->c[i].fd, &p->c[i]);
	pthread_barrier_wait(&opened);
	p->begin_ns = now_ns();
	if (options.pace) {
		watch(p, p->timer, NULL);
		keep_pace(p);
	} else {
		for (unsigned i = 0; i < p->count; i++)
			start(p, &p->c[i], now_ns());
	}
	while (atomic_load_explicit(&phase, memory_order_relaxed) != DRAINS || p->in_flight)
		turn(p);
	close(p->timer);
	close(p->epoll);
	return NULL;
}

/* --- the whole --- */

static void sleep_ns(uint64_t ns)
{
	struct timespec left = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

/* Waits until all connections have had an answer, or as many as have been asked at a slow pace. */
static void warm_up(void)
{
	uint64_t begin = now_ns();
	do {
		sleep_ns((uint64_t)(options.seconds * 1e8));
	} while (!options.pace && atomic_load(&first_done) < options.connections &&
	         now_ns() - begin < (uint64_t)PATIENCE_MS * 1000000u);
}

static void report(const part *parts, double seconds)
{
	static latency all;
	uint64_t skipped = 0;
	for (unsigned i = 0; i < options.threads; i++) {
		latency_merge(&all, parts[i].times);
		skipped += parts[i].skipped;
	}
	errno = 0;
	if (all.count == 0)
		load_fail("not one answer in %.3f s", seconds);
	printf("{\"connections\": %u, \"seconds\": %.3f, \"requests\": %llu, \"per_second\": %.1f, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"max_us\": %.1f, \"skipped\": %llu}\n",
	       options.connections, seconds, (unsigned long long)all.count, (double)all.count / seconds,
	       (double)latency_at(&all, 0.5) / 1e3, (double)latency_at(&all, 0.99) / 1e3, (double)all.max_ns / 1e3,
	       (unsigned long long)skipped);
}

static void drive(part *parts)
{
	pthread_barrier_init(&opened, NULL, options.threads + 1);
	for (unsigned i = 0; i < options.threads; i++) {
		parts[i].times = calloc(1, sizeof *parts[i].times);
		errno = parts[i].times ? pthread_create(&parts[i].thread, NULL, run, &parts[i]) : ENOMEM;
		if (errno)
			load_fail("thread");
	}
	pthread_barrier_wait(&opened);
	warm_up();
	uint64_t begin = now_ns();
	atomic_store(&phase, COUNTS);
	say("begin");
	sleep_ns((uint64_t)(options.seconds * 1e9));
	atomic_store(&phase, DRAINS);
	uint64_t end = now_ns();
	say("end");
	for (unsigned i = 0; i < options.threads; i++)
		pthread_join(parts[i].thread, NULL);
	report(parts, (double)(end - begin) / 1e9);
}

static void hold(part *all)
{
	open_all(all);
	for (unsigned i = 0; i < all->count; i++)
		connection_round_trip(&all->c[i]);
	say("held");
	while (getchar() != EOF)
		;
	for (unsigned i = 0; i < all->count; i++)
		connection_round_trip(&all->c[i]);
	printf("{\"connections\": %u}\n", all->count);
}

static void need_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		load_fail("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		load_fail("setrlimit");
	if (limit.rlim_max < (rlim_t)options.connections + FILES_BESIDE) {
		fprintf(stderr, "load: %u connections do not fit into RLIMIT_NOFILE, which is %llu\n",
		        options.connections, (unsigned long long)limit.rlim_max);
		exit(3);
	}
}

static int read_options(int argc, char **argv)
{
	if (argc < 5 || argc > 7)
		return 0;
	options.port = (unsigned)strtoul(argv[1], NULL, 10);
	options.connections = (unsigned)strtoul(argv[2], NULL, 10);
	options.seconds = strcmp(argv[3], "hold") == 0 ? 0 : strtod(argv[3], NULL);
	options.bytes = (unsigned)strtoul(argv[4], NULL, 10);
	options.threads = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 1;
	options.pace = argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 0;
	if (options.threads > options.connections && options.connections)
		options.threads = options.connections;
	if (options.seconds == 0)
		options.threads = 1;
	return options.port && options.connections && options.threads && options.bytes &&
	       options.bytes <= MESSAGE_BYTES_MAX && (options.seconds > 0 || strcmp(argv[3], "hold") == 0);
}

int main(int argc, char **argv)
{
	if (!read_options(argc, argv)) {
		fputs("usage: load PORT CONNECTIONS SECONDS|hold BYTES [THREADS [PACE]]; at most 4096 bytes\n", stderr);
		return 2;
	}
	need_files();
	connection *all = calloc(options.connections, sizeof *all);
	part *parts = calloc(options.threads, sizeof *parts);
	if (!all || !parts)
		load_fail("memory");
	for (unsigned i = 0; i < options.threads; i++) {
		part *p = &parts[i];
		p->first = (unsigned)((uint64_t)options.connections * i / options.threads);
		p->count = (unsigned)((uint64_t)options.connections * (i + 1) / options.threads) - p->first;
		p->c = all + p->first;
	}
	if (options.seconds > 0)
		drive(parts);
	else
		hold(&parts[0]);
	for (unsigned i = 0; i < options.connections; i++)
		connection_close(&all[i]);
	for (unsigned i = 0; i < options.threads; i++)
		free(parts[i].times);
	free(parts);
	free(all);
	return 0;
}
