/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storm of cancellations: groups with random deadlines over sleeps, channels, locks, sockets and, now and then, a child
 * process. Every group ends, every task of it has ended before, what waits is woken exactly once, and afterwards there
 * are as many descriptors, and no more fibers than at the same time lived.
 *
 * SKUA_TEST_GROUPS is the number of groups, for each number of workers (default 4000; fewer where everything is slow).
 */
#include "stress.h"

#include <sys/socket.h>

#define AT_ONCE 16u
#define MEMBERS 6u

static _Atomic uint64_t begun, ended, outcomes[3]; /* outcomes: 0, -ETIMEDOUT, -ECANCELED */

/* What the members of one group share. */
typedef struct scene {
	skua_channel *channel;
	skua_mutex mutex;
	int pair[2];
	uint64_t held;           /* under the mutex */
	uint64_t sent, received; /* numbers that went into the channel and came out */
} scene;

static uint64_t sent_all, received_all; /* under the lock of the driver */
static skua_mutex sums = SKUA_MUTEX_INIT;

static void note(int error)
{
	int which = error == 0 ? 0 : error == -ETIMEDOUT ? 1 : 2;
	STRESS_REQUIRE(which < 2 || error == -ECANCELED, "error %d", error);
	atomic_fetch_add(&outcomes[which], 1);
}

/* --- members: each waits in its own way, and none of them by itself for ever --- */

static int sleeps(void *arg)
{
	atomic_fetch_add(&begun, 1);
	(void)arg;
	int error = skua_sleep_ns(3000000);
	atomic_fetch_add(&ended, 1);
	return error == -ECANCELED ? 0 : error;
}

static int sends(void *arg)
{
	scene *s = arg;
	atomic_fetch_add(&begun, 1);
	for (uint64_t i = 1; i <= 20; i++) {
		if (skua_channel_send(s->channel, &i) != 0)
			break;
		s->sent += i;
	}
	atomic_fetch_add(&ended, 1);
	return 0;
}

static int receives(void *arg)
{
	scene *s = arg;
	uint64_t value;
	atomic_fetch_add(&begun, 1);
	while (skua_channel_recv(s->channel, &value) == 0)
		s->received += value;
	atomic_fetch_add(&ended, 1);
	return 0;
}

static int locks(void *arg)
{
	scene *s = arg;
	atomic_fetch_add(&begun, 1);
	for (int i = 0; i < 3; i++) {
		if (skua_mutex_lock_until(&s->mutex, skua_now_ns() + 200000) != 0)
			break;
		uint64_t held = ++s->held;
		skua_sleep_ns(20000);
		STRESS_REQUIRE(s->held == held, "two hold the mutex");
		skua_mutex_unlock(&s->mutex);
	}
	atomic_fetch_add(&ended, 1);
	return 0;
}

static int reads(void *arg)
{
	scene *s = arg;
	char byte;
	atomic_fetch_add(&begun, 1);
	ptrdiff_t got = skua_recv(s->pair[0], &byte, 1, 0);
	STRESS_REQUIRE(got == 1 || got == -ECANCELED, "recv gave %td", got);
	atomic_fetch_add(&ended, 1);
	return 0;
}

static int writes_late(void *arg)
{
	scene *s = arg;
	atomic_fetch_add(&begun, 1);
	if (skua_sleep_ns(150000) == 0) {
		ptrdiff_t sent = skua_send(s->pair[1], "x", 1, 0);
		STRESS_REQUIRE(sent == 1 || sent == -ECANCELED, "send gave %td", sent);
	}
	atomic_fetch_add(&ended, 1);
	return 0;
}

static int runs_a_child(void *arg)
{
	static const char *const argv[] = { "sleep", "5", NULL };
	skua_process child;
	skua_process_options options = { .argv = argv, .kill_on_cancel = 1 };
	(void)arg;
	atomic_fetch_add(&begun, 1);
	int error = skua_process_start(&child, &options);
	STRESS_REQUIRE(error == 0 || error == -ECANCELED, "%s", skua_strerror(error));
	if (error == 0)
		skua_process_wait(&child);
	atomic_fetch_add(&ended, 1);
	return 0;
}

/* --- one group --- */

static void setup(scene *s)
{
	*s = (scene){ .mutex = SKUA_MUTEX_INIT };
	s->channel = skua_channel_create(2, sizeof(uint64_t));
	STRESS_REQUIRE(s->channel, "no memory for a channel");
	STRESS_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s->pair) == 0, "%s",
	               strerror(errno));
}

static void tear_down(scene *s)
{
	/* What was sent and not received is still there. */
	uint64_t value;
	while (skua_channel_try_recv(s->channel, &value) == 0)
		s->received += value;
	STRESS_REQUIRE(s->sent == s->received, "sent %" PRIu64 ", received %" PRIu64, s->sent, s->received);
	skua_channel_close(s->channel);
	skua_channel_destroy(s->channel);
	skua_close(s->pair[0]);
	skua_close(s->pair[1]);
	skua_mutex_lock(&sums);
	sent_all += s->sent;
	received_all += s->received;
	skua_mutex_unlock(&sums);
}

static void one_group(uint64_t *random)
{
	static int (*const members[MEMBERS])(void *) = { sleeps, sends, receives, locks, reads, writes_late };
	scene s;
	setup(&s);
	skua_group group = SKUA_GROUP_INIT;
	uint64_t dice = stress_step(random);
	if (dice % 8)
		skua_group_deadline(&group, skua_now_ns() + dice / 8 % 400 * 1000);
	for (unsigned i = 0; i < MEMBERS; i++)
		skua_group_run(&group, members[i], &s);
	if (dice % 3 == 0)
		skua_group_run(&group, locks, &s);
	if (dice % 512 == 0)
		skua_group_run(&group, runs_a_child, &s);
	if (dice % 8 == 0) {
		skua_sleep_ns(dice / 8 % 300 * 1000);
		skua_group_cancel(&group);
	}
	note(skua_group_wait(&group));
	tear_down(&s);
}

typedef struct share {
	uint64_t groups, seed;
} share;

static void *many_groups(void *arg)
{
	share *own = arg;
	for (uint64_t i = 0; i < own->groups; i++)
		one_group(&own->seed);
	return NULL;
}

static void storm(unsigned workers, uint64_t groups)
{
	stress_start((skua_config){ .workers = workers, .bind = "none" });
	skua_future *f[AT_ONCE];
	share shares[AT_ONCE];
	unsigned before = 0;
	for (uint64_t done = 0; done < groups; done += AT_ONCE * 8) {
		stress_case("%u workers, group %" PRIu64, workers, done);
		for (unsigned i = 0; i < AT_ONCE; i++) {
			shares[i] = (share){ .groups = 8, .seed = stress_random(UINT64_MAX) };
			f[i] = skua_async(many_groups, &shares[i]);
		}
		for (unsigned i = 0; i < AT_ONCE; i++)
			skua_await(f[i]);
		if (!before)
			before = stress_descriptors();
	}
	STRESS_REQUIRE(begun == ended, "%" PRIu64 " begun, %" PRIu64 " ended", (uint64_t)begun, (uint64_t)ended);
	STRESS_REQUIRE(sent_all == received_all, "lost or doubled");
	STRESS_REQUIRE(stress_descriptors() <= before, "%u descriptors, after the first round %u", stress_descriptors(),
	               before);
	uint64_t fibers = stress_stats().fibers;
	STRESS_REQUIRE(fibers < AT_ONCE * (MEMBERS + 4) * 2 + 64 * workers, "%" PRIu64 " fibers", fibers);
	printf("%u workers: %" PRIu64 " groups, %" PRIu64 " in time, %" PRIu64 " late, %" PRIu64 " cancelled, %" PRIu64
	       " tasks, %" PRIu64 " fibers\n",
	       workers, groups, (uint64_t)outcomes[0], (uint64_t)outcomes[1], (uint64_t)outcomes[2], (uint64_t)begun,
	       fibers);
	skua_stop();
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 4 };
	stress_begin(argc, argv);
	uint64_t groups = stress_setting("SKUA_TEST_GROUPS", STRESS_SCALED(4000, 600));
	for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
		storm(workers[i], groups);
	return stress_end();
}
