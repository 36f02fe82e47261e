/* SPDX-License-Identifier: Apache-2.0 */
/* What operations are made of: kinds by chance, operations inside of operations, teams, moments. */
#include "soak.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *const soak_kind_name[SOAK_KINDS] = {
#define X(name, weight) [SOAK_##name] = #name,
	SOAK_OPERATIONS(X) SOAK_DISTURBANCES(X)
#undef X
};

static void (*const run_of[SOAK_OPERATION_KINDS])(soak_op *op) = {
#define X(name, weight) [SOAK_##name] = soak_op_##name,
	SOAK_OPERATIONS(X)
#undef X
};

static const unsigned weight_of[SOAK_OPERATION_KINDS] = {
#define X(name, weight) [SOAK_##name] = (weight),
	SOAK_OPERATIONS(X)
#undef X
};

void soak_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	char text[400];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s:%d: %s (not so: %s)\n", file, line, text, condition);
	abort();
}

void *soak_memory(size_t bytes)
{
	void *memory = malloc(bytes ? bytes : 1);
	SOAK_REQUIRE(memory, "no memory");
	return memory;
}

void *soak_zeroed(size_t count, size_t bytes)
{
	void *memory = calloc(count ? count : 1, bytes);
	SOAK_REQUIRE(memory, "no memory");
	return memory;
}

uint64_t soak_work(uint64_t seed, uint64_t steps)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < steps; i++)
		sum ^= soak_step(&seed);
	return sum;
}

void soak_moment(soak_op *op)
{
	uint64_t draw = soak_draw(op, 1024);
	if (draw < 600)
		return;
	if (draw < 900)
		(void)soak_work(draw, draw);
	else if (draw < 1000)
		skua_yield();
	else
		skua_sleep_ns(draw * 50);
}

uint64_t soak_soon(soak_op *op)
{
	return skua_now_ns() + soak_draw(op, 100000);
}

/* --- kinds --- */

enum soak_kind soak_draw_kind(soak_op *op)
{
	unsigned all = 0, kind = 0;
	for (unsigned i = 0; i < SOAK_OPERATION_KINDS; i++)
		all += weight_of[i];
	unsigned at = (unsigned)soak_draw(op, all);
	while (at >= weight_of[kind])
		at -= weight_of[kind++];
	return (enum soak_kind)kind;
}

void soak_run(soak_op *op, enum soak_kind kind)
{
	run_of[kind](op);
	atomic_fetch_add_explicit(&soak_board_->done[kind], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&soak_board_->beats, 1, memory_order_relaxed);
}

void soak_nested(const soak_op *op, uint64_t salt)
{
	soak_op inner = *op;
	inner.row = soak_mix(op->row, salt);
	inner.depth++;
	inner.size = op->size / 16 + 1;
	enum soak_kind kind = soak_draw_kind(&inner);
	if (inner.depth <= SOAK_DEPTH_MAX && op->plan->kinds >> kind & 1)
		soak_run(&inner, kind);
}

/* --- teams --- */

typedef struct party {
	soak_op own;
	soak_body *body;
	void *arg;
	unsigned index;
	skua_future *task; /* NULL: a thread */
	skua_wait_group *threads;
	pthread_t thread;
} party;

static void *task_party(void *arg)
{
	party *one = arg;
	one->body(&one->own, one->arg, one->index);
	return NULL;
}

static void *thread_party(void *arg)
{
	party *one = arg;
	one->body(&one->own, one->arg, one->index);
	skua_wait_group_done(one->threads);
	return NULL;
}

void soak_team(soak_op *op, enum soak_parties who, unsigned count, soak_body *body, void *arg)
{
	SOAK_REQUIRE(count <= SOAK_TEAM_MAX, "a team of %u", count);
	party *all = soak_zeroed(count, sizeof *all);
	skua_wait_group threads = SKUA_WAIT_GROUP_INIT;
	bool is_mixed = who == SOAK_ANY && soak_chance(op, 6);
	uint64_t row = soak_step(&op->row);
	for (unsigned i = 0; i < count; i++) {
		party *one = &all[i];
		*one = (party){ .own = *op, .body = body, .arg = arg, .index = i };
		one->own.row = soak_mix(row, i);
		if (!op->strand->stops && (who == SOAK_THREADS || (is_mixed && i % 2))) {
			one->threads = &threads;
			skua_wait_group_add(&threads, 1);
			int error = pthread_create(&one->thread, NULL, thread_party, one);
			SOAK_REQUIRE(error == 0, "no thread: %s", skua_strerror(error));
		} else {
			one->task = skua_async(task_party, one);
			SOAK_REQUIRE(one->task, "no task");
		}
	}
	for (unsigned i = 0; i < count; i++)
		if (all[i].task)
			skua_await(all[i].task);
	/* To join keeps the worker, so it comes when there is nothing to wait for but a thread's last steps. */
	int error = skua_wait_group_wait(&threads);
	SOAK_REQUIRE(error == 0, "nobody is cancelled here: %s", skua_strerror(error));
	for (unsigned i = 0; i < count; i++)
		if (!all[i].task)
			pthread_join(all[i].thread, NULL);
	free(all);
}
