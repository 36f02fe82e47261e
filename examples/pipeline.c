/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline: stages that are joined by channels. Usage: pipeline [numbers]
 *
 *     3 producers --> channel --> 4 workers --> channel --> 2 consumers
 *                    (8 numbers)               (unbounded)
 *
 * A channel with room for eight holds its producers back when the workers are slower: that is all the flow control
 * that is needed. A stage ends when its channel is closed and empty, and who closes it is the one who knows that
 * nothing more comes: main, after the group of the stage before.
 *
 * Each number carries its identity, so the end can tell that each came through exactly once.
 */
#include "example.h"

#include <skua/skua.h>
#include <stdatomic.h>

enum { PRODUCERS = 3, WORKERS = 4, CONSUMERS = 2 };

struct item {
	int number;
	int64_t square;
};

static skua_channel *numbers, *squares;
static int count;
static _Atomic int next;  /* the producers share the numbers out */
static _Atomic int *seen; /* how often each number came */

static int produce(void *unused)
{
	(void)unused;
	int error = 0;
	for (int number; error == 0 && (number = atomic_fetch_add(&next, 1)) < count;)
		error = skua_channel_send(numbers, &number);
	return error;
}

static int work(void *unused)
{
	(void)unused;
	int error = 0;
	for (struct item item; error == 0 && skua_channel_recv(numbers, &item.number) == 0;) {
		item.square = (int64_t)item.number * item.number;
		error = skua_channel_send(squares, &item);
	}
	return error;
}

static int consume(void *unused)
{
	(void)unused;
	for (struct item item; skua_channel_recv(squares, &item) == 0;) {
		if (item.square != (int64_t)item.number * item.number)
			return -EDOM;
		atomic_fetch_add(&seen[item.number], 1);
	}
	return 0;
}

static void start(skua_group *stage, int tasks, int (*fn)(void *))
{
	for (int i = 0; i < tasks; i++)
		skua_group_run(stage, fn, NULL);
}

int main(int argc, char **argv)
{
	count = example_size(argc, argv, 100000, 1, 100000000);
	seen = example_memory((size_t)count, sizeof(*seen));
	numbers = skua_channel_create(8, sizeof(int));
	squares = skua_channel_create(SKUA_UNBOUNDED, sizeof(struct item));
	if (numbers == NULL || squares == NULL)
		return 2;

	skua_group producers = SKUA_GROUP_INIT, workers = SKUA_GROUP_INIT, consumers = SKUA_GROUP_INIT;
	start(&consumers, CONSUMERS, consume);
	start(&workers, WORKERS, work);
	start(&producers, PRODUCERS, produce);
	int error = skua_group_wait(&producers);
	skua_channel_close(numbers);
	error |= skua_group_wait(&workers);
	skua_channel_close(squares);
	error |= skua_group_wait(&consumers);

	int wrong = error != 0;
	for (int i = 0; i < count; i++)
		wrong |= seen[i] != 1;
	printf("pipeline: %d numbers through %d, %d and %d tasks%s\n", count, PRODUCERS, WORKERS, CONSUMERS,
	       wrong ? ", WRONG" : ", each exactly once");
	skua_channel_destroy(numbers);
	skua_channel_destroy(squares);
	free(seen);
	return wrong;
}
