/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days of connections in minutes: an echo server whose clients come, talk and go, some of them rudely, without end.
 * What was echoed is right, and memory, descriptors and fibers are as many afterwards as they were early on.
 *
 * SKUA_TEST_CONNECTIONS is their number, for each number of workers; without it the time decides. Ten connections a
 * second for a day are 864000.
 */
#include "stress.h"

#include <sys/socket.h>

#define CLIENTS STRESS_SCALED(64u, 16u) /* at once */
#define BATCH (CLIENTS * 16u)

static int listener;
static unsigned port;
static _Atomic uint64_t served, lost; /* connections that the server saw to their end; of these, by a reset */

/* --- the server --- */

static void *echo_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char text[256];
	ptrdiff_t bytes;
	while ((bytes = skua_recv(fd, text, sizeof text, 0)) > 0)
		if (skua_write_all(fd, text, (size_t)bytes) < 0)
			break;
	STRESS_REQUIRE(bytes >= 0 || bytes == -ECONNRESET || bytes == -EPIPE, "recv: %s", skua_strerror((int)bytes));
	if (bytes != 0)
		atomic_fetch_add(&lost, 1);
	STRESS_REQUIRE(skua_close(fd) == 0, "close");
	atomic_fetch_add(&served, 1);
	return NULL;
}

static void *serve(void *arg)
{
	int peer;
	while ((peer = skua_accept(listener)) >= 0) {
		skua_future *task = skua_async(echo_one, (void *)(intptr_t)peer); /* NOLINT: a number in a pointer */
		STRESS_REQUIRE(task, "no memory for a task");
		skua_drop(task);
	}
	STRESS_REQUIRE(peer == -ECANCELED, "accept: %s", skua_strerror(peer));
	return arg;
}

/* --- clients --- */

typedef struct client {
	uint64_t seed, connections;
} client;

static void talk(int fd, uint64_t *random)
{
	char out[256], in[256];
	size_t bytes = 1 + stress_step(random) % sizeof out;
	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)(*random >> i % 56);
	STRESS_REQUIRE(skua_write_all(fd, out, bytes) == (ptrdiff_t)bytes, "write");
	STRESS_REQUIRE(skua_read_all(fd, in, bytes) == (ptrdiff_t)bytes, "read");
	STRESS_REQUIRE(memcmp(in, out, bytes) == 0, "another answer than the question");
}

/* Most leave with an end and see the server's; some hang up at once, some with data on the way, some by a reset. */
static void leave(int fd, uint64_t manner)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	char byte;
	if (manner % 8 < 5) {
		STRESS_REQUIRE(shutdown(fd, SHUT_WR) == 0, "shutdown");
		STRESS_REQUIRE(skua_recv(fd, &byte, 1, 0) == 0, "the server's end");
	} else if (manner % 8 == 6) {
		skua_send(fd, "unheard", 7, 0);
	} else if (manner % 8 == 7) {
		STRESS_REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0, "linger");
	}
	STRESS_REQUIRE(skua_close(fd) == 0, "close");
}

static void *come_and_go(void *arg)
{
	client *self = arg;
	for (uint64_t i = 0; i < self->connections; i++) {
		uint64_t dice = stress_step(&self->seed);
		int fd = skua_dial("127.0.0.1", port);
		STRESS_REQUIRE(fd >= 0, "dial: %s", skua_strerror(fd));
		for (uint64_t turn = 0; turn < dice % 4; turn++)
			talk(fd, &self->seed);
		leave(fd, dice / 4);
	}
	return NULL;
}

/* --- what is left --- */

typedef struct house {
	long resident_kib;
	unsigned descriptors;
	uint64_t fibers;
} house;

static house look_around(void)
{
	return (house){ stress_resident_kib(), stress_descriptors(), stress_stats().fibers };
}

static void expect_no_growth(unsigned workers, house early, house late)
{
	/* Clients, the server's tasks, which may be some clients behind, and what each worker keeps for later. */
	uint64_t most = 8 * CLIENTS + UINT64_C(64) * workers;
	STRESS_REQUIRE(late.descriptors <= early.descriptors, "%u descriptors, not %u", late.descriptors,
	               early.descriptors);
	STRESS_REQUIRE(late.fibers <= most, "%" PRIu64 " fibers, at most %" PRIu64, late.fibers, most);
	if (STRESS_MEMORY_TELLS && early.resident_kib > 0)
		STRESS_REQUIRE(late.resident_kib < early.resident_kib + 8 * 1024, "resident memory: %ld, then %ld KiB",
		               early.resident_kib, late.resident_kib);
}

static uint64_t one_batch(uint64_t most)
{
	skua_future *task[CLIENTS];
	client clients[CLIENTS];
	uint64_t count = most < BATCH ? most : BATCH, before = served;
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = (client){ .seed = stress_random(UINT64_MAX), .connections = (count + i) / CLIENTS };
		task[i] = skua_async(come_and_go, &clients[i]);
		STRESS_REQUIRE(task[i], "no memory for a task");
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		skua_await(task[i]);
	while (served < before + count) /* a reset may reach it before it has accepted: it sees that later */
		skua_sleep_ns(100000);
	return count;
}

static void connections(unsigned workers, uint64_t wanted, double until)
{
	stress_start((skua_config){ .workers = workers, .bind = "none" });
	listener = skua_listen("127.0.0.1", 0, 1024);
	STRESS_REQUIRE(listener >= 0, "%s", skua_strerror(listener));
	port = (unsigned)skua_local_port(listener);
	served = lost = 0;
	skua_future *server = skua_async(serve, NULL);
	house early = { 0 };
	uint64_t done = 0;
	while (wanted ? done < wanted : done < 2 * BATCH || stress_time_used() < until) {
		stress_case("%u workers, connection %" PRIu64, workers, done);
		done += one_batch(wanted ? wanted - done : BATCH);
		if (!early.descriptors && (done >= wanted / 10))
			early = look_around();
	}
	house late = look_around();
	printf("%u workers: %" PRIu64 " connections, %" PRIu64
	       " lost by a reset; resident %ld, then %ld KiB; %u, then %u "
	       "descriptors; %" PRIu64 ", then %" PRIu64 " fibers\n",
	       workers, (uint64_t)served, (uint64_t)lost, early.resident_kib, late.resident_kib, early.descriptors,
	       late.descriptors, early.fibers, late.fibers);
	fflush(stdout);
	expect_no_growth(workers, early, late);
	skua_cancel(server);
	skua_await(server);
	STRESS_REQUIRE(skua_close(listener) == 0, "close");
	skua_stop();
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 4 };
	const size_t count = sizeof workers / sizeof workers[0];
	stress_begin(argc, argv);
	uint64_t wanted = stress_setting("SKUA_TEST_CONNECTIONS", 0);
	for (size_t i = 0; i < count; i++)
		connections(workers[i], wanted, (double)(i + 1) / (double)count);
	return stress_end();
}
