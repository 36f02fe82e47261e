/* SPDX-License-Identifier: Apache-2.0 */
/* Time: nothing is early. Late it may be, as late as the machine is busy. */
#include "soak.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static void sleeps(soak_op *own, void *arg, unsigned index)
{
	(void)arg;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t ns = soak_draw(own, soak_chance(own, 8) ? 3000000 : 150000), begin = skua_now_ns();
		int error = index % 2 ? skua_sleep_ns(ns) : skua_sleep_until(begin + ns);
		uint64_t end = skua_now_ns();
		SOAK_REQUIRE(error == 0, "sleep: %s", skua_strerror(error));
		SOAK_REQUIRE(end >= begin + ns, "a sleep of %" PRIu64 " ns ended %" PRIu64 " ns early", ns,
		             begin + ns - end);
	}
}

void soak_op_sleep(soak_op *op)
{
	soak_team(op, SOAK_ANY, 1 + (unsigned)soak_draw(op, SOAK_TEAM_MAX), sleeps, NULL);
}

/* --- deadlines of everything that nobody ends: never early, and nothing is taken --- */

typedef struct nothing {
	skua_sem sem;
	skua_event event;
	skua_mutex held, mutex;
	skua_cond cond;
	skua_rwlock rwlock;
	skua_wait_group group;
	skua_channel *empty, *full;
	int pipe[2];
} nothing;

static int wait_at(nothing *n, unsigned way, uint64_t at_ns)
{
	uint64_t value = 0;
	switch (way) {
	case 0:
		return skua_sem_wait_until(&n->sem, at_ns);
	case 1:
		return skua_event_wait_until(&n->event, at_ns);
	case 2:
		return skua_mutex_lock_until(&n->held, at_ns);
	case 3: {
		skua_mutex_lock(&n->mutex);
		int error = skua_cond_wait_until(&n->cond, &n->mutex, at_ns);
		skua_mutex_unlock(&n->mutex);
		return error;
	}
	case 4:
		return skua_rwlock_rdlock_until(&n->rwlock, at_ns);
	case 5:
		return skua_rwlock_wrlock_until(&n->rwlock, at_ns);
	case 6:
		return skua_wait_group_wait_until(&n->group, at_ns);
	case 7:
		return skua_channel_recv_until(n->empty, &value, at_ns);
	case 8:
		return skua_channel_send_until(n->full, &value, at_ns);
	case 9:
		return skua_poll(n->pipe[0], POLLIN, at_ns);
	case 10:
		return (int)skua_read_until(n->pipe[0], &value, 1, at_ns);
	default: {
		skua_case cases[] = { SKUA_ON_SEM(&n->sem), SKUA_ON_EVENT(&n->event), SKUA_ON_RECV(n->empty, &value),
			              SKUA_ON_SEND(n->full, &value), SKUA_ON_FD(n->pipe[0], POLLIN) };
		return skua_select(cases, 5, at_ns);
	}
	}
}

static void waits_in_vain(soak_op *own, void *arg, unsigned index)
{
	(void)index;
	for (unsigned i = 0; i < 4; i++) {
		unsigned way = (unsigned)soak_draw(own, 12);
		uint64_t begin = skua_now_ns(), at_ns = begin + soak_draw(own, 200000);
		if (soak_chance(own, 8))
			at_ns = begin - soak_draw(own, 1000); /* past */
		int error = wait_at(arg, way, at_ns);
		uint64_t end = skua_now_ns();
		SOAK_REQUIRE(error == -ETIMEDOUT, "way %u gave %d", way, error);
		SOAK_REQUIRE(end >= at_ns, "way %u ended %" PRIu64 " ns early", way, at_ns - end);
	}
}

void soak_op_late(soak_op *op)
{
	uint64_t value = 1;
	nothing n = { .group = SKUA_WAIT_GROUP_INIT };
	skua_wait_group_add(&n.group, 1);
	skua_mutex_lock(&n.held);
	SOAK_REQUIRE(skua_rwlock_wrlock(&n.rwlock) == 0, "nobody has it");
	n.empty = skua_channel_create(1, sizeof value);
	n.full = skua_channel_create(1, sizeof value);
	SOAK_REQUIRE(n.empty && n.full && skua_channel_send(n.full, &value) == 0, "no channels");
	SOAK_REQUIRE(pipe2(n.pipe, O_CLOEXEC) == 0, "no pipe: %s", skua_strerror(errno));
	soak_team(op, SOAK_ANY, 1 + (unsigned)soak_draw(op, SOAK_TEAM_MAX), waits_in_vain, &n);
	skua_close(n.pipe[0]);
	skua_close(n.pipe[1]);
	SOAK_REQUIRE(skua_channel_try_recv(n.empty, &value) == -EAGAIN, "nothing was sent");
	SOAK_REQUIRE(skua_channel_try_recv(n.full, &value) == 0 && value == 1, "what was sent is there");
	SOAK_REQUIRE(skua_channel_try_recv(n.full, &value) == -EAGAIN, "nothing else was sent");
	skua_channel_destroy(n.empty);
	skua_channel_destroy(n.full);
	skua_rwlock_wrunlock(&n.rwlock);
	skua_mutex_unlock(&n.held);
}
