/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small operations of await.h and sync.h, one at a time: micro <what> <count>. Prints the nanoseconds of one
 * operation. perf/await-bench runs it beside the same program in Go (go/micro.go).
 *
 *   switch     two fibers that switch to each other, without a scheduler; an operation is one switch
 *   yield      two tasks that give way to each other; an operation is one yield: into the queue, out of it, a switch
 *   spawn      a task starts an empty one and waits for it
 *   pingpong   two tasks and two rendezvous channels; an operation is there and back
 *   buffered   one task that sends into a buffered channel and takes out again; both together
 *   mutex      lock and unlock, nobody else wants it
 *   contended  four tasks that add to one number under one mutex; an operation is one lock and unlock
 *   sleepers   so many tasks that sleep a second at the same time; an operation is all of them, in milliseconds
 */
#include "sys/context.h"

#include <skua/skua.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t count;
static uint64_t checked; /* what the operations did, counted */

static void need(uint64_t got, uint64_t wanted)
{
	if (got != wanted) {
		fprintf(stderr, "micro: %llu instead of %llu\n", (unsigned long long)got, (unsigned long long)wanted);
		exit(1);
	}
}

static sk_context thread, fiber;
static uint64_t entered;

static void goes_back(void *arg)
{
	(void)arg;
	for (;;) {
		entered++;
		sk_context_switch(&fiber, &thread);
	}
}

static void *switches(void *stack)
{
	sk_context_thread(&thread);
	sk_context_make(&fiber, stack, 64 * 1024, goes_back, NULL);
	for (uint64_t i = 0; i < count; i++)
		sk_context_switch(&thread, &fiber);
	sk_context_destroy(&fiber);
	return NULL;
}

/* On a thread of its own: the tasks' fibers belong to the scheduler. */
static double context(void)
{
	pthread_t own;
	static _Alignas(64) char stack[64 * 1024];
	need(pthread_create(&own, NULL, switches, stack) == 0, 1);
	pthread_join(own, NULL);
	need(entered, count);
	return 2.0 * (double)count;
}

static void *yields(void *own)
{
	for (uint64_t i = 0; i < count; i++) {
		++*(uint64_t *)own;
		skua_yield();
	}
	return NULL;
}

static double yield(void)
{
	uint64_t turns[2] = { 0, 0 };
	skua_future *a = skua_async(yields, &turns[0]), *b = skua_async(yields, &turns[1]);
	skua_await(a);
	skua_await(b);
	need(turns[0] + turns[1], 2 * count);
	return 2.0 * (double)count;
}

static void *counts(void *arg)
{
	++*(uint64_t *)arg;
	return arg;
}

static double spawn(void)
{
	for (uint64_t i = 0; i < count; i++)
		skua_await(skua_async(counts, &checked));
	need(checked, count);
	return (double)count;
}

static skua_channel *there, *back;

static void *answers(void *arg)
{
	uint64_t ball;
	while (skua_channel_recv(there, &ball) == 0) {
		ball++;
		skua_channel_send(back, &ball);
	}
	return arg;
}

static double pingpong(void)
{
	there = skua_channel_create(0, sizeof(uint64_t));
	back = skua_channel_create(0, sizeof(uint64_t));
	skua_future *other = skua_async(answers, NULL);
	uint64_t ball = 0;
	for (uint64_t i = 0; i < count; i++) {
		skua_channel_send(there, &ball);
		skua_channel_recv(back, &ball);
	}
	need(ball, count);
	skua_channel_close(there);
	skua_await(other);
	skua_channel_destroy(there);
	skua_channel_destroy(back);
	return (double)count;
}

static double buffered(void)
{
	skua_channel *channel = skua_channel_create(128, sizeof(uint64_t));
	uint64_t sum = 0;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t out = 0;
		skua_channel_send(channel, &i);
		skua_channel_recv(channel, &out);
		sum += out;
	}
	need(sum, count * (count - 1) / 2);
	skua_channel_destroy(channel);
	return (double)count;
}

static skua_mutex mutex = SKUA_MUTEX_INIT;

static void *adds(void *arg)
{
	uint64_t times = *(uint64_t *)arg;
	for (uint64_t i = 0; i < times; i++) {
		skua_mutex_lock(&mutex);
		checked++;
		skua_mutex_unlock(&mutex);
	}
	return NULL;
}

static double uncontended(void)
{
	adds(&count);
	need(checked, count);
	return (double)count;
}

static double contended(void)
{
	skua_future *f[4];
	for (int i = 0; i < 4; i++)
		f[i] = skua_async(adds, &count);
	for (int i = 0; i < 4; i++)
		skua_await(f[i]);
	need(checked, 4 * count);
	return 4.0 * (double)count;
}

static int sleeps(void *arg)
{
	(void)arg;
	return skua_sleep_ns(UINT64_C(1000000000));
}

static double sleepers(void)
{
	skua_group group = SKUA_GROUP_INIT;
	for (uint64_t i = 0; i < count; i++)
		need(skua_group_run(&group, sleeps, NULL) == 0, 1);
	need(skua_group_wait(&group) == 0, 1);
	return 1e6; /* nanoseconds in a millisecond */
}

static const struct {
	const char *name;
	double (*run)(void);
} all[] = {
	{ "switch", context },    { "yield", yield },       { "spawn", spawn },         { "pingpong", pingpong },
	{ "buffered", buffered }, { "mutex", uncontended }, { "contended", contended }, { "sleepers", sleepers },
};

static void *measure(void *run)
{
	uint64_t begin = skua_now_ns();
	double operations = (*(double (*const *)(void))run)();
	printf("%.3f\n", (double)(skua_now_ns() - begin) / operations);
	return NULL;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof all / sizeof all[0]; i++) {
		if (strcmp(argv[1], all[i].name) != 0)
			continue;
		count = strtoull(argv[2], NULL, 10);
		skua_await(skua_async(measure, (void *)&all[i].run)); /* NOLINT: only read */
		skua_stop();
		return 0;
	}
	fputs("usage: micro switch|yield|spawn|pingpong|buffered|mutex|contended|sleepers <count>\n", stderr);
	return 2;
}
