/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crowd: threads of a test that begin at the same moment, and what each of them took.
 *
 *     crowd_start(&thieves, 3, thief, &shared);  thief(&shared, 0), thief(&shared, 1) and thief(&shared, 2) run
 *     ...                                        the test's own thread takes part
 *     crowd_join(&thieves);
 *
 * A tally says that each of the ids 0 to count - 1 was marked once: twice is a task that was run twice, never is one
 * that was lost. Any thread marks; the test's own thread checks, when the others are done. Assertions belong to the
 * test's own thread: elsewhere they would leave a stack that is not theirs. In long loops they are SURELY, for each
 * cr_assert is a message to the runner, whether it holds or not.
 */
#ifndef SK_TESTS_CROWD_H
#define SK_TESTS_CROWD_H

#include "base/atomic.h"
#include "base/hostile.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define CROWD_MAX 16u

/* Rounds of a race: as many as are cheap, fewer where each takes longer. */
#if SK_HOSTILE
#define CROWD_ROUNDS(count) ((count) / 8 + 1)
#elif SK_THREAD_SANITIZER
#define CROWD_ROUNDS(count) ((count) / 5 + 1)
#else
#define CROWD_ROUNDS(count) (count)
#endif

#define SURELY(condition, ...)                                                                                         \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			cr_assert_fail(__VA_ARGS__);                                                                   \
	} while (0)

struct crowd;
typedef struct crowd_member {
	struct crowd *crowd;
	unsigned index;
	pthread_t thread;
} crowd_member;

typedef struct crowd {
	unsigned count;
	void (*body)(void *arg, unsigned index);
	void *arg;
	pthread_barrier_t barrier;
	crowd_member member[CROWD_MAX];
} crowd;

static inline void *crowd_thread(void *argument)
{
	crowd_member *member = argument;
	pthread_barrier_wait(&member->crowd->barrier);
	member->crowd->body(member->crowd->arg, member->index);
	return NULL;
}

/* Returns when all of them have begun. */
static inline void crowd_start(crowd *threads, unsigned count, void (*body)(void *arg, unsigned index), void *arg)
{
	cr_assert_leq(count, CROWD_MAX);
	threads->count = count;
	threads->body = body;
	threads->arg = arg;
	pthread_barrier_init(&threads->barrier, NULL, count + 1);
	for (unsigned i = 0; i < count; i++) {
		threads->member[i].crowd = threads;
		threads->member[i].index = i;
		cr_assert_eq(pthread_create(&threads->member[i].thread, NULL, crowd_thread, &threads->member[i]), 0);
	}
	pthread_barrier_wait(&threads->barrier);
}

static inline void crowd_join(crowd *threads)
{
	for (unsigned i = 0; i < threads->count; i++)
		pthread_join(threads->member[i].thread, NULL);
	pthread_barrier_destroy(&threads->barrier);
}

typedef SK_ATOMIC(uint32_t) crowd_counter;

typedef struct tally {
	size_t count;
	crowd_counter *times;
	crowd_counter beyond; /* how many ids from count on were marked */
} tally;

static inline tally tally_create(size_t count)
{
	tally made = { .count = count, .times = calloc(count + 1, sizeof(crowd_counter)) };
	cr_assert_not_null(made.times);
	return made;
}

static inline void tally_mark(tally *marks, size_t id)
{
	sk_add_relaxed(id < marks->count ? &marks->times[id] : &marks->beyond, 1); /* relaxed: read after the join */
}

static inline void tally_expect_each_once(tally *marks)
{
	for (size_t i = 0; i < marks->count; i++) {
		uint32_t times = sk_load_relaxed(&marks->times[i]);
		SURELY(times == 1, "%zu of %zu was taken %u times", i, marks->count, times);
	}
	cr_assert_eq(sk_load_relaxed(&marks->beyond), 0, "something was taken that was never given");
}

/* For a tally of count 0, which only counts. */
static inline void tally_expect_total(tally *marks, size_t expected)
{
	size_t taken = sk_exchange_acquire(&marks->beyond, 0);
	cr_assert_eq(taken, expected, "%zu were taken of %zu", taken, expected);
}

static inline void tally_destroy(tally *marks)
{
	free(marks->times);
}

#endif
