/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One episode: settings, start, strands, checks, stop. Strands are placed at random: as a task of await.h, as a member
 * of a group, as a fork-join task below SKUA_RUN, or on a plain thread.
 */
#include "soak.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum place {
	PLACE_TASK,
	PLACE_MEMBER,
	PLACE_ROOT,
	PLACE_THREAD,
	PLACES
};

/* Rows of chance that an episode's seed begins. */
enum {
	ROW_SETTINGS = 1,
	ROW_STOPS,
	ROW_STRANDS
};

typedef struct strand {
	soak_strand own;
	const soak_plan *plan;
	uint64_t row;
	enum place place;
	unsigned steps, size;
	skua_future *task;
	pthread_t thread;
} strand;

typedef struct episode {
	const soak_plan *plan;
	skua_config config;
	bool is_lazy; /* the first task starts the runtime */
	bool stops, alarms;
	atomic_bool is_over;
	unsigned count;
	strand strands[SOAK_STRANDS_MAX];
	skua_group members;
	pthread_t stopper;
} episode;

/* --- what is drawn --- */

static strand draw_strand(uint64_t seed, unsigned index)
{
	soak_op dice = { .row = soak_mix(seed, ROW_STRANDS + index) };
	strand one = { .own = { .index = index } };
	one.place = (enum place)soak_draw(&dice, PLACES);
	one.steps = 2 + (unsigned)soak_draw(&dice, SOAK_STEPS_MAX - 1);
	one.size = 1 + (unsigned)soak_draw(&dice, SOAK_SCALED(2000, 300));
	one.row = soak_step(&dice.row);
	return one;
}

static soak_op op_of_step(const strand *one, unsigned step)
{
	return (soak_op){ .plan = one->plan, .row = soak_mix(one->row, step), .size = one->size };
}

enum soak_kind soak_kind_at(uint64_t seed, unsigned index, unsigned step)
{
	strand one = draw_strand(seed, index);
	soak_op op = op_of_step(&one, step);
	return step < one.steps ? soak_draw_kind(&op) : SOAK_KINDS;
}

/* The environment speaks where the runtime is started by a task. What the user has set stays. */
static void set_environment(const char *name, bool is_wanted, const char *format, unsigned number)
{
	char text[32];
	snprintf(text, sizeof text, format, number);
	if (is_wanted)
		setenv(name, text, 1);
	else
		unsetenv(name);
}

static void draw_settings(episode *this)
{
	static const unsigned counts[] = { 1, 2, 2, 3, 4, 4, 8 };
	static const char *given_io;
	static bool is_known;
	if (!is_known)
		given_io = getenv("SKUA_IO");
	is_known = true;
	soak_op dice = { .row = soak_mix(this->plan->seed, ROW_SETTINGS) };
	skua_config *config = &this->config;
	config->workers = counts[soak_draw(&dice, sizeof counts / sizeof counts[0])];
	if (this->plan->workers)
		config->workers = this->plan->workers;
	config->bind = soak_chance(&dice, 8) ? "core" : "none";
	config->no_membarrier = soak_chance(&dice, 4);
	config->async_stack_bytes = soak_chance(&dice, 3) ? (size_t)SOAK_SCALED(48, 160) << 10 : 0;
	config->stack_bytes = soak_chance(&dice, 3) ? (size_t)SOAK_SCALED(1, 2) << 20 : 0;
	config->task_slots = soak_chance(&dice, 3) ? 4096 : 0;
	if (soak_chance(&dice, 8) && config->workers > 1)
		config->synthetic = "numa:2 core:4 pu:2";
	bool by_threads = soak_chance(&dice, 3);
	unsigned offload = 1 + (unsigned)soak_draw(&dice, 8);
	this->is_lazy = soak_chance(&dice, 8);
	this->stops = soak_chance(&dice, 6) && this->plan->kinds >> SOAK_stops & 1;
	this->alarms = soak_chance(&dice, 6) && this->plan->kinds >> SOAK_alarms & 1;
	this->count = 1 + (unsigned)soak_draw(&dice, SOAK_STRANDS_MAX);
	set_environment("SKUA_WORKERS", true, "%u", config->workers);
	set_environment("SKUA_BIND", true, "none", 0);
	set_environment("SKUA_OFFLOAD", soak_chance(&dice, 2), "%u", offload);
	if (!given_io)
		set_environment("SKUA_IO", by_threads, "epoll", 0);
}

/* --- strands --- */

SKUA_TASK(void, run_in_task, soak_op *, op, enum soak_kind, kind)
{
	soak_run(op, kind);
}

/*
 * A stop waits for tasks, and what begins outside of tasks waits for the stop: so if somebody stops, no task waits for
 * anything that begins outside. A thread's fork-join calls begin at once or not at all; the rest is put into a task.
 */
static void run_step(const strand *one, soak_op *op, enum soak_kind kind)
{
	if (one->own.stops && one->place == PLACE_THREAD && kind > SOAK_local)
		SKUA_RUN(run_in_task, op, kind);
	else
		soak_run(op, kind);
}

static void play(strand *one)
{
	const soak_plan *plan = one->plan;
	unsigned end = plan->end < one->steps ? plan->end : one->steps;
	for (unsigned step = plan->first; step < end; step++) {
		soak_op op = op_of_step(one, step);
		op.strand = &one->own;
		enum soak_kind kind = soak_draw_kind(&op);
		if (!(plan->kinds >> kind & 1))
			continue;
		atomic_store_explicit(&soak_board_->strand[one->own.index].step, step, memory_order_relaxed);
		atomic_store_explicit(&soak_board_->strand[one->own.index].doing, kind + 1, memory_order_relaxed);
		run_step(one, &op, kind);
		atomic_store_explicit(&soak_board_->strand[one->own.index].doing, 0, memory_order_relaxed);
		soak_plant_look(&op, kind);
	}
}

SKUA_TASK(void, play_root, strand *, one)
{
	play(one);
}

static void *play_task(void *arg)
{
	play(arg);
	return arg;
}

static int play_member(void *arg)
{
	play(arg);
	return 0;
}

static void *play_thread(void *arg)
{
	strand *one = arg;
	if (one->place == PLACE_ROOT)
		SKUA_RUN(play_root, one);
	else
		play(one);
	return NULL;
}

static void start_strand(episode *this, strand *one)
{
	int error = 0;
	switch (one->place) {
	case PLACE_TASK:
		one->task = skua_async(play_task, one);
		error = one->task ? 0 : -ENOMEM;
		break;
	case PLACE_MEMBER:
		error = skua_group_run(&this->members, play_member, one);
		break;
	default:
		error = -pthread_create(&one->thread, NULL, play_thread, one);
	}
	SOAK_REQUIRE(error == 0, "strand %u does not start: %s", one->own.index, skua_strerror(error));
}

static void end_strand(strand *one)
{
	if (one->place == PLACE_TASK)
		SOAK_REQUIRE(skua_await(one->task) == one, "the strand's result is the strand");
	else if (one->place != PLACE_MEMBER)
		pthread_join(one->thread, NULL);
}

/* --- disturbances --- */

static atomic_uint alarms_seen;

static void count_alarm(int number)
{
	(void)number;
	atomic_fetch_add_explicit(&alarms_seen, 1, memory_order_relaxed);
}

static void set_alarms(bool on)
{
	long us = on ? SOAK_SCALED(300, 3000) : 0;
	struct itimerval timer = { { 0, us }, { 0, us } };
	struct sigaction action = { .sa_handler = on ? count_alarm : SIG_IGN, .sa_flags = SA_RESTART };
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Stops, and sometimes starts with other settings, while everything else goes on. */
static void *stop_again(void *arg)
{
	episode *this = arg;
	soak_op dice = { .row = soak_mix(this->plan->seed, ROW_STOPS) };
	while (!atomic_load_explicit(&this->is_over, memory_order_relaxed)) {
		struct timespec pause = { .tv_nsec = (long)soak_draw(&dice, 3000000) };
		nanosleep(&pause, NULL);
		skua_stop();
		atomic_fetch_add_explicit(&soak_board_->done[SOAK_stops], 1, memory_order_relaxed);
		if (soak_chance(&dice, 3))
			continue;
		skua_config config = this->config;
		if (!this->plan->workers)
			config.workers = 1 + (unsigned)soak_draw(&dice, 4);
		config.no_membarrier = soak_chance(&dice, 2);
		int error = skua_start(&config);
		SOAK_REQUIRE(error == 0 || error == -EALREADY, "skua_start: %s", skua_strerror(error));
	}
	return NULL;
}

/* --- the end --- */

/* Whoever has stopped to wait has gone on; the counters may be a moment behind. */
static void require_settled(void)
{
	skua_stats stats = { .capacity = 0 };
	for (unsigned tries = 0; tries < 2000; tries++) {
		if (skua_stats_read(&stats) == -ESRCH || stats.total.suspended == stats.total.resumed)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	SOAK_REQUIRE(false, "%" PRIu64 " fibers stopped to wait, %" PRIu64 " went on", stats.total.suspended,
	             stats.total.resumed);
}

static void run_strands(episode *this)
{
	for (unsigned i = 0; i < this->count; i++)
		if (this->plan->strands >> i & 1)
			start_strand(this, &this->strands[i]);
	for (unsigned i = 0; i < this->count; i++)
		if (this->plan->strands >> i & 1)
			end_strand(&this->strands[i]);
	int error = skua_group_wait(&this->members);
	SOAK_REQUIRE(error == 0, "the strands' group: %s", skua_strerror(error));
}

void soak_episode(const soak_plan *plan)
{
	episode this = { .plan = plan, .members = SKUA_GROUP_INIT };
	draw_settings(&this);
	for (unsigned i = 0; i < this.count; i++) {
		this.strands[i] = draw_strand(plan->seed, i);
		this.strands[i].plan = plan;
		this.strands[i].own.stops = this.stops;
	}
	if (!this.is_lazy) {
		int error = skua_start(&this.config);
		SOAK_REQUIRE(error == 0, "skua_start: %s: %s", skua_strerror(error), skua_start_problem());
		SOAK_REQUIRE(skua_workers() == this.config.workers, "%u workers", skua_workers());
	}
	atomic_store_explicit(&soak_board_->workers, this.config.workers, memory_order_relaxed);
	if (this.stops)
		SOAK_REQUIRE(pthread_create(&this.stopper, NULL, stop_again, &this) == 0, "no thread");
	if (this.alarms)
		set_alarms(true);
	run_strands(&this);
	if (this.alarms) {
		set_alarms(false);
		atomic_fetch_add_explicit(&soak_board_->done[SOAK_alarms], 1, memory_order_relaxed);
	}
	atomic_store_explicit(&this.is_over, true, memory_order_relaxed);
	if (this.stops)
		pthread_join(this.stopper, NULL);
	require_settled();
	skua_stop();
	SOAK_REQUIRE(skua_workers() == 0, "after the stop there are %u workers", skua_workers());
}
