/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planted memory errors in tasks: what AddressSanitizer, its leak checker and Valgrind must report although the code
 * runs on a fiber's stack (reported.py).
 *
 *     memory <case>    goes on to its end where nothing watches
 */
#include "planted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skua/skua.h>

/* So that the compiler neither sees the error nor leaves the access out. */
static void *hidden(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

static __attribute__((noinline)) int reads(const volatile int *place)
{
	return *place;
}

static __attribute__((noinline)) int *frame_of_nobody(void)
{
	int local[4] = { 1, 2, 3, 4 };
	return hidden(local);
}

/* --- in fork-join --- */

SKUA_TASK(int, uses_after_return)
{
	return reads(frame_of_nobody());
}

static void use_after_return(void)
{
	SKUA_RUN(uses_after_return);
}

SKUA_TASK(int *, gives_its_frame)
{
	int local[4] = { 1, 2, 3, 4 };
	return hidden(local);
}

SKUA_TASK(int, uses_dead_task)
{
	SKUA_SPAWN(gives_its_frame);
	int *frame = SKUA_SYNC(gives_its_frame);
	return reads(frame);
}

/* The frame of a task that is over. */
static void use_of_dead_task(void)
{
	SKUA_RUN(uses_dead_task);
}

SKUA_TASK(int, reads_beyond)
{
	int local[4] = { 1, 2, 3, 4 };
	int *place = hidden(local);
	return reads(place + 4);
}

static void beyond_a_local(void)
{
	SKUA_RUN(reads_beyond);
}

/* --- in tasks of await.h --- */

static void *reads_frame(void *place)
{
	skua_sleep_ns(20000000); /* who started it has returned since */
	return reads(place) ? place : NULL;
}

static __attribute__((noinline)) skua_future *starts_with_its_frame(void)
{
	int local[4] = { 1, 2, 3, 4 };
	return skua_async(reads_frame, hidden(local));
}

static void *starts_and_waits(void *arg)
{
	skua_await(starts_with_its_frame());
	return arg;
}

/* A task is given a variable of a function that does not wait for it. */
static void use_of_dead_caller(void)
{
	skua_await(skua_async(starts_and_waits, NULL));
}

static void *frees(void *block)
{
	free(block);
	return NULL;
}

static void use_after_free(void)
{
	int *block = calloc(4, sizeof *block);
	void *place = hidden(block);
	skua_await(skua_async(frees, block));
	skua_await(skua_async(reads_frame, place));
}

static void *branches(void *arg)
{
	int *block = malloc(4 * sizeof *block);
	if (reads(hidden(block)) == 42)
		puts("chance");
	free(block);
	return arg;
}

static void uninitialised(void)
{
	skua_await(skua_async(branches, NULL));
}

static void *forgets(void *arg)
{
	memset(hidden(malloc(1234)), 1, 1234);
	return arg;
}

static void leak(void)
{
	skua_await(skua_async(forgets, NULL));
}

/* --- no error: the only pointer lies on the stack of a task that waits, at the exit too --- */

static skua_event kept = SKUA_EVENT_INIT, never = SKUA_EVENT_INIT;

static void *holds(void *arg)
{
	char *volatile block = malloc(1234);
	memset(block, 1, 1234);
	skua_event_set(&kept);
	skua_event_wait(&never);
	free(block);
	return arg;
}

static void held(void)
{
	skua_drop(skua_async(holds, NULL));
	skua_event_wait(&kept);
	exit(0);
}

int main(int argc, char **argv)
{
	static const planted all[] = {
		{ "use_after_return", use_after_return },
		{ "use_of_dead_task", use_of_dead_task },
		{ "beyond_a_local", beyond_a_local },
		{ "use_of_dead_caller", use_of_dead_caller },
		{ "use_after_free", use_after_free },
		{ "uninitialised", uninitialised },
		{ "leak", leak },
		{ "held", held },
	};
	int error = planted_run(all, sizeof all / sizeof all[0], argc, argv);
	if (error)
		return error;
	printf("nothing was seen\n");
	return 0;
}
