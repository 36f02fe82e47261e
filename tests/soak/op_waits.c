/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits that nobody fulfils, each in its way: they end by their deadline, never early, or by a cancellation, and take
 * nothing.
 */
#include "soak.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONG_NS UINT64_C(1000000000000)
#define NEVER_SENT (SIGRTMIN + 4 + (int)SOAK_STRANDS_MAX) /* blocked, as those before it (driver.c) */

/* Where nothing happens. */
typedef struct nothing {
	skua_sem sem;
	skua_event event;
	skua_mutex held, mutex;
	skua_cond cond;
	skua_rwlock rwlock;
	skua_wait_group group;
	skua_channel *empty, *full;
	int empty_pipe[2], full_pipe[2], pair[2], listener;
} nothing;

static int at_sem(nothing *n, uint64_t at_ns)
{
	return skua_sem_wait_until(&n->sem, at_ns);
}

static int at_event(nothing *n, uint64_t at_ns)
{
	return skua_event_wait_until(&n->event, at_ns);
}

static int at_mutex(nothing *n, uint64_t at_ns)
{
	return skua_mutex_lock_until(&n->held, at_ns);
}

static int at_cond(nothing *n, uint64_t at_ns)
{
	skua_mutex_lock(&n->mutex);
	int error = skua_cond_wait_until(&n->cond, &n->mutex, at_ns);
	skua_mutex_unlock(&n->mutex);
	return error;
}

static int at_rdlock(nothing *n, uint64_t at_ns)
{
	return skua_rwlock_rdlock_until(&n->rwlock, at_ns);
}

static int at_wrlock(nothing *n, uint64_t at_ns)
{
	return skua_rwlock_wrlock_until(&n->rwlock, at_ns);
}

static int at_wait_group(nothing *n, uint64_t at_ns)
{
	return skua_wait_group_wait_until(&n->group, at_ns);
}

static int at_recv(nothing *n, uint64_t at_ns)
{
	uint64_t value;
	return skua_channel_recv_until(n->empty, &value, at_ns);
}

static int at_send(nothing *n, uint64_t at_ns)
{
	uint64_t value = 0;
	return skua_channel_send_until(n->full, &value, at_ns);
}

static int at_select(nothing *n, uint64_t at_ns)
{
	uint64_t value = 0;
	skua_case cases[] = { SKUA_ON_SEM(&n->sem), SKUA_ON_EVENT(&n->event), SKUA_ON_RECV(n->empty, &value),
		              SKUA_ON_SEND(n->full, &value), SKUA_ON_FD(n->empty_pipe[0], POLLIN) };
	return skua_select(cases, 5, at_ns);
}

static int at_poll(nothing *n, uint64_t at_ns)
{
	return skua_poll(n->full_pipe[1], POLLOUT, at_ns);
}

static int at_read(nothing *n, uint64_t at_ns)
{
	char byte;
	return (int)skua_read_until(n->empty_pipe[0], &byte, 1, at_ns);
}

static int at_write(nothing *n, uint64_t at_ns)
{
	return (int)skua_write_until(n->full_pipe[1], "x", 1, at_ns);
}

static int at_socket(nothing *n, uint64_t at_ns)
{
	char byte;
	return (int)skua_recv_until(n->pair[0], &byte, 1, 0, at_ns);
}

static int at_accept(nothing *n, uint64_t at_ns)
{
	return skua_accept_until(n->listener, at_ns);
}

static int at_signal(nothing *n, uint64_t at_ns)
{
	int number = NEVER_SENT;
	(void)n;
	return skua_signal_wait_until(&number, 1, at_ns);
}

static void *sleeps_till_cancelled(void *arg)
{
	SOAK_REQUIRE(skua_sleep_ns(LONG_NS) == -ECANCELED, "only a cancellation ends it");
	return arg;
}

static int at_future(nothing *n, uint64_t at_ns)
{
	skua_future *task = skua_async(sleeps_till_cancelled, n);
	SOAK_REQUIRE(task, "no memory for a task");
	int error = skua_await_until(task, at_ns, NULL);
	skua_cancel(task);
	SOAK_REQUIRE(skua_await(task) == n, "the task's result");
	return error;
}

static int at_child(nothing *n, uint64_t at_ns)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	skua_process child;
	skua_process_options options = { .argv = argv, .kill_on_cancel = 1 };
	(void)n;
	int error = skua_process_start(&child, &options);
	if (error != 0)
		return error;
	error = skua_process_wait_until(&child, at_ns);
	if (error == -ETIMEDOUT) {
		SOAK_REQUIRE(skua_process_kill(&child, SIGKILL) == 0, "process_kill");
		skua_shield(1);
		int status = skua_process_wait(&child);
		SOAK_REQUIRE(status == 256 + SIGKILL, "the status is %d", status);
		skua_shield(0);
	}
	return error;
}

/* --- ways without a deadline, for cancellations only --- */

static int at_sleep(nothing *n, uint64_t at_ns)
{
	(void)n;
	return skua_sleep_until(at_ns);
}

static int member_sleeps(void *arg)
{
	(void)arg;
	int error = skua_sleep_ns(LONG_NS);
	SOAK_REQUIRE(error == -ECANCELED, "only a cancellation ends it");
	return 0;
}

static int at_group(nothing *n, uint64_t at_ns)
{
	skua_group group = SKUA_GROUP_INIT;
	(void)n;
	(void)at_ns;
	for (unsigned i = 0; i < 2; i++) {
		int error = skua_group_run(&group, member_sleeps, NULL);
		SOAK_REQUIRE(error == 0 || error == -ECANCELED, "group_run: %s", skua_strerror(error));
	}
	return skua_group_wait(&group);
}

static int at_barrier(nothing *n, uint64_t at_ns)
{
	skua_barrier barrier;
	(void)n;
	(void)at_ns;
	skua_barrier_init(&barrier, 2);
	return skua_barrier_wait(&barrier);
}

typedef int wait_at(nothing *n, uint64_t at_ns);
static wait_at *const ways[] = { at_sem,    at_event,  at_mutex,  at_cond,  at_rdlock, at_wrlock, at_wait_group,
	                         at_recv,   at_send,   at_select, at_poll,  at_read,   at_write,  at_socket,
	                         at_accept, at_signal, at_future, at_child, at_sleep,  at_group,  at_barrier };
#define WAYS (sizeof ways / sizeof ways[0])
#define WAYS_WITH_DEADLINE (WAYS - 3)

/* A child costs as much as a hundred of the others. */
static unsigned draw_way(soak_op *op, size_t count)
{
	unsigned way = (unsigned)soak_draw(op, count);
	return ways[way] == at_child && !soak_chance(op, 8) ? 0 : way;
}

/* --- the scene --- */

static void fill_pipe(int fd)
{
	char bytes[512] = { 0 };
	(void)fcntl(fd, F_SETPIPE_SZ, 4096);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
}

static void set_scene(nothing *n)
{
	uint64_t value = 1;
	*n = (nothing){ .group = SKUA_WAIT_GROUP_INIT };
	skua_wait_group_add(&n->group, 1);
	skua_mutex_lock(&n->held);
	SOAK_REQUIRE(skua_rwlock_wrlock(&n->rwlock) == 0, "nobody has it");
	n->empty = skua_channel_create(1, sizeof value);
	n->full = skua_channel_create(1, sizeof value);
	SOAK_REQUIRE(n->empty && n->full && skua_channel_send(n->full, &value) == 0, "no channels");
	SOAK_REQUIRE(pipe2(n->empty_pipe, O_CLOEXEC) == 0 && pipe2(n->full_pipe, O_CLOEXEC | O_NONBLOCK) == 0 &&
	                     socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, n->pair) == 0,
	             "no descriptors: %s", skua_strerror(errno));
	fill_pipe(n->full_pipe[1]);
	n->listener = skua_listen("127.0.0.1", 0, 1);
	SOAK_REQUIRE(n->listener >= 0, "listen: %s", skua_strerror(n->listener));
}

static void strike_scene(nothing *n)
{
	uint64_t value = 0;
	skua_close(n->listener);
	for (unsigned i = 0; i < 2; i++) {
		skua_close(n->empty_pipe[i]);
		skua_close(n->full_pipe[i]);
		skua_close(n->pair[i]);
	}
	SOAK_REQUIRE(skua_channel_try_recv(n->empty, &value) == -EAGAIN, "nothing was sent");
	SOAK_REQUIRE(skua_channel_try_recv(n->full, &value) == 0 && value == 1, "what was sent is there");
	SOAK_REQUIRE(skua_channel_try_recv(n->full, &value) == -EAGAIN, "nothing else was sent");
	skua_channel_destroy(n->empty);
	skua_channel_destroy(n->full);
	SOAK_REQUIRE(skua_mutex_trylock(&n->mutex) == 0, "who waited at the condition has unlocked");
	SOAK_REQUIRE(skua_mutex_trylock(&n->held) == -EBUSY, "the mutex is the one's who had it");
	SOAK_REQUIRE(skua_rwlock_tryrdlock(&n->rwlock) == -EBUSY, "the lock is the one's who had it");
	skua_rwlock_wrunlock(&n->rwlock);
	skua_mutex_unlock(&n->held);
}

/* --- by deadlines --- */

static void waits_in_vain(soak_op *own, void *arg, unsigned index)
{
	(void)index;
	for (unsigned i = 0; i < 4; i++) {
		unsigned way = draw_way(own, WAYS_WITH_DEADLINE);
		uint64_t begin = skua_now_ns(), at_ns = begin + soak_draw(own, 200000);
		if (soak_chance(own, 8))
			at_ns = begin - soak_draw(own, 1000); /* past */
		int error = ways[way](arg, at_ns);
		uint64_t end = skua_now_ns();
		SOAK_REQUIRE(error == -ETIMEDOUT, "way %u gave %d", way, error);
		SOAK_REQUIRE(end >= at_ns, "way %u ended %" PRIu64 " ns early", way, at_ns - end);
	}
}

void soak_op_late(soak_op *op)
{
	nothing n;
	set_scene(&n);
	soak_team(op, SOAK_ANY, 1 + (unsigned)soak_draw(op, SOAK_TEAM_MAX), waits_in_vain, &n);
	strike_scene(&n);
}

/* --- by cancellations --- */

typedef struct waiter {
	nothing *n;
	unsigned way;
	bool is_shielded, has_deadline;
	int result;
} waiter;

static void *waits_till_cancelled(void *arg)
{
	waiter *w = arg;
	if (w->is_shielded) {
		skua_shield(1);
		SOAK_REQUIRE(skua_sleep_ns(20000) == 0, "a shielded sleep is not interrupted");
		skua_shield(0);
	}
	w->result = ways[w->way](w->n, w->has_deadline ? skua_now_ns() + LONG_NS : SKUA_FOREVER);
	SOAK_REQUIRE(skua_cancelled(), "way %u gave %d without a cancellation", w->way, w->result);
	SOAK_REQUIRE(skua_sleep_ns(LONG_NS) == -ECANCELED, "the next wait does not begin");
	return w;
}

void soak_op_cancel(soak_op *op)
{
	nothing n;
	waiter all[8];
	skua_future *task[8];
	unsigned count = 1 + (unsigned)soak_draw(op, 8);
	set_scene(&n);
	for (unsigned i = 0; i < count; i++) {
		all[i] = (waiter){ .n = &n, .way = draw_way(op, WAYS), .is_shielded = soak_chance(op, 4) };
		all[i].has_deadline = soak_chance(op, 2);
		task[i] = skua_async(waits_till_cancelled, &all[i]);
		SOAK_REQUIRE(task[i], "no memory for a task");
	}
	for (unsigned i = 0; i < count; i++) {
		soak_moment(op);
		skua_cancel(task[count - 1 - i]);
	}
	for (unsigned i = 0; i < count; i++) {
		SOAK_REQUIRE(skua_await(task[i]) == &all[i], "the result of task %u", i);
		SOAK_REQUIRE(all[i].result == -ECANCELED, "way %u gave %d", all[i].way, all[i].result);
	}
	strike_scene(&n);
}
