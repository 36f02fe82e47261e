/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to different headers, in one piece: fork-join tasks and loops that wait, tasks that fork and loop. */
#include "soak.h"

typedef struct shared {
	const soak_op *op;
	skua_mutex mutex;
	skua_sem sem;
	skua_channel *channel;
	uint64_t count;
} shared;

SKUA_TASK(uint64_t, fib, unsigned, n)
{
	if (n < 2)
		return n;
	SKUA_SPAWN(fib, n - 1);
	uint64_t second = SKUA_CALL(fib, n - 2);
	return SKUA_SYNC(fib) + second;
}

static uint64_t fib_serial(unsigned n)
{
	uint64_t one = 0, next = 1;
	for (; n > 0; n--) {
		uint64_t sum = one + next;
		one = next;
		next = sum;
	}
	return one;
}

static void run_fib(uint64_t draw)
{
	unsigned n = (unsigned)(draw % SOAK_SCALED(16, 10));
	uint64_t got = SKUA_RUN(fib, n);
	SOAK_REQUIRE(got == fib_serial(n), "fib %u gave %" PRIu64, n, got);
}

/* --- a loop whose body starts tasks, waits for them, and locks --- */

static void *forks(void *arg)
{
	run_fib(*(const uint64_t *)arg);
	return arg;
}

static void body_that_waits(size_t begin, size_t end, void *arg)
{
	shared *s = arg;
	for (size_t i = begin; i < end; i++) {
		uint64_t draw = soak_mix(s->op->row, i);
		skua_future *task = skua_async(forks, &draw);
		SOAK_REQUIRE(task, "no memory for a task");
		skua_mutex_lock(&s->mutex);
		s->count++;
		if (draw % 32 == 0)
			skua_sleep_ns(draw % 20000);
		skua_mutex_unlock(&s->mutex);
		SOAK_REQUIRE(skua_await(task) == &draw, "the result of the task of %zu", i);
	}
}

static void loop_that_waits(soak_op *op, shared *s)
{
	size_t count = soak_draw(op, op->size / 8 + 2);
	skua_for(0, count, body_that_waits, s);
	SOAK_REQUIRE(s->count == count, "%" PRIu64 " of %zu", s->count, count);
}

/* --- spawned tasks that give way while they have a lock, and one beside them that waits for all --- */

SKUA_TASK(uint64_t, lock_below, shared *, s, uint64_t, count)
{
	if (count > 1) {
		SKUA_SPAWN(lock_below, s, count / 2);
		uint64_t rest = SKUA_CALL(lock_below, s, count - count / 2);
		return SKUA_SYNC(lock_below) + rest;
	}
	skua_mutex_lock(&s->mutex);
	s->count++;
	if (s->count % 8 == 0)
		skua_yield();
	if (s->count % 16 == 0)
		SKUA_CALL(fib, 6);
	skua_mutex_unlock(&s->mutex);
	skua_sem_post(&s->sem, 1);
	return 1;
}

static void *takes_all(void *arg)
{
	shared *s = arg;
	while (skua_sem_wait(&s->sem) == 0) {
		uint64_t value;
		if (skua_channel_try_recv(s->channel, &value) == 0)
			break;
	}
	return s;
}

static void spawned_that_lock(soak_op *op, shared *s)
{
	uint64_t count = 1 + soak_draw(op, op->size / 4 + 1);
	skua_future *taker = skua_async(takes_all, s);
	SOAK_REQUIRE(taker, "no memory for a task");
	uint64_t got = SKUA_RUN(lock_below, s, count);
	SOAK_REQUIRE(got == count && s->count == count, "%" PRIu64 " and %" PRIu64 " of %" PRIu64, got, s->count,
	             count);
	SOAK_REQUIRE(skua_channel_try_send(s->channel, &count) == 0, "there is room");
	skua_sem_post(&s->sem, 1);
	SOAK_REQUIRE(skua_await(taker) == s, "the taker's result");
}

/* --- members of a group that loop and fork until they are cancelled --- */

static void body_till_cancelled(size_t begin, size_t end, void *arg)
{
	atomic_uint *rounds = arg;
	for (size_t i = begin; i < end && !skua_cancelled(); i++) {
		skua_shield(1);
		SOAK_REQUIRE(!skua_cancelled(), "a shield holds");
		atomic_fetch_add(rounds, 1);
		skua_shield(0);
	}
}

static int loops_till_cancelled(void *arg)
{
	while (!skua_cancelled()) {
		skua_for(0, 50, body_till_cancelled, arg);
		run_fib(7);
		skua_yield();
	}
	/* Whoever cleans up is not interrupted. */
	skua_shield(1);
	SOAK_REQUIRE(skua_sleep_ns(1000) == 0, "a shielded sleep is not interrupted");
	run_fib(9);
	skua_shield(0);
	return 0;
}

static void group_that_loops(soak_op *op)
{
	skua_group group = SKUA_GROUP_INIT;
	atomic_uint rounds = 0;
	unsigned count = 1 + (unsigned)soak_draw(op, 4);
	bool has_deadline = soak_chance(op, 2);
	if (has_deadline)
		skua_group_deadline(&group, soak_soon(op));
	for (unsigned i = 0; i < count; i++) {
		int error = skua_group_run(&group, loops_till_cancelled, &rounds);
		SOAK_REQUIRE(error == 0 || (has_deadline && error == -ECANCELED), "group_run: %s",
		             skua_strerror(error));
	}
	if (!has_deadline) {
		skua_sleep_ns(soak_draw(op, 100000));
		skua_group_cancel(&group);
	}
	int result = skua_group_wait(&group);
	SOAK_REQUIRE(result == (has_deadline ? -ETIMEDOUT : -ECANCELED), "the group gave %d", result);
}

/* --- tasks that ask about the runtime --- */

SKUA_TASK(void, looks_around)
{
	skua_worker_stats each[4];
	skua_stats stats = { .capacity = 4, .worker = each };
	unsigned workers = skua_workers();
	int index = skua_worker_index();
	SOAK_REQUIRE(index >= 0 && index < (int)workers, "worker %d of %u", index, workers);
	SOAK_REQUIRE(skua_start(NULL) == -EDEADLK, "a task cannot start the runtime that it runs on");
	SOAK_REQUIRE(skua_stats_read(&stats) == 0 && stats.workers == workers, "counters of %u", stats.workers);
	SOAK_REQUIRE(stats.total.roots >= each[0].roots, "a part is more than the sum");
}

/* --- tasks that fork, from everywhere at once --- */

static void forks_often(soak_op *own, void *arg, unsigned index)
{
	(void)arg;
	(void)index;
	for (unsigned i = 0; i < 5; i++) {
		run_fib(soak_step(&own->row));
		soak_moment(own);
	}
	SKUA_RUN(looks_around);
}

void soak_op_mixed(soak_op *op)
{
	shared s = { .op = op, .mutex = SKUA_MUTEX_INIT, .sem = SKUA_SEM_INIT };
	s.channel = skua_channel_create(1, sizeof(uint64_t));
	SOAK_REQUIRE(s.channel, "no memory for a channel");
	switch (soak_draw(op, 4)) {
	case 0:
		loop_that_waits(op, &s);
		break;
	case 1:
		spawned_that_lock(op, &s);
		break;
	case 2:
		group_that_loops(op);
		break;
	default:
		soak_team(op, SOAK_ANY, 1 + (unsigned)soak_draw(op, 8), forks_often, NULL);
	}
	skua_channel_destroy(s.channel);
}

/* --- threads that are no workers, each with operations of all kinds --- */

static void does_some(soak_op *own, void *arg, unsigned index)
{
	(void)arg;
	for (unsigned i = 0; i < 3; i++) {
		run_fib(soak_step(&own->row));
		soak_nested(own, index * 3 + i);
	}
}

void soak_op_outside(soak_op *op)
{
	soak_team(op, SOAK_THREADS, 1 + (unsigned)soak_draw(op, 4), does_some, NULL);
}
