/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strands of execution that meet at a synchronisation object: the same body runs as tasks of await.h, as spawned tasks,
 * as plain threads, and mixed.
 *
 *     strands_run(STRANDS_MIXED, 8, body, &shared);   body(&shared, 0) to body(&shared, 7), until all are done
 *     with_strands(scenario);                         the scenario with each kind, and 1 to 4 workers
 *
 * Bodies say EXPECT, which notes the first failure; the test's own thread asserts with strands_expect_fine.
 */
#ifndef SK_TESTS_STRANDS_H
#define SK_TESTS_STRANDS_H

#include "await/waitable.h"
#include "crowd.h"
#include "started.h"

#include <errno.h>
#include <time.h>

#define MS UINT64_C(1000000)

enum strands { STRANDS_TASKS, STRANDS_SPAWNED, STRANDS_THREADS, STRANDS_MIXED, STRANDS_KINDS };

static int strands_broken; /* the line of the first failure */

#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			int none_ = 0;                                                                                 \
			__atomic_compare_exchange_n(&strands_broken, &none_, __LINE__, false, __ATOMIC_RELAXED,        \
						    __ATOMIC_RELAXED);                                                 \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                        \
		}                                                                                                      \
	} while (0)

static inline void strands_expect_fine(void)
{
	int line = __atomic_load_n(&strands_broken, __ATOMIC_RELAXED);
	cr_assert_eq(line, 0, "line %d", line);
}

typedef struct strand {
	void (*body)(void *arg, unsigned index);
	void *arg;
	unsigned index;
	skua_future *future; /* NULL: a thread */
	pthread_t thread;
} strand;

static inline void *strand_main(void *arg)
{
	strand *one = arg;
	one->body(one->arg, one->index);
	return NULL;
}

SKUA_TASK(void, strand_spawned, strand *, all, unsigned, count)
{
	if (count > 1)
		SKUA_SPAWN(strand_spawned, all + 1, count - 1);
	strand_main(all);
	if (count > 1)
		SKUA_SYNC(strand_spawned);
}

static inline void strand_start(enum strands kind, strand *one)
{
	one->future = NULL;
	if (kind == STRANDS_TASKS || (kind == STRANDS_MIXED && one->index % 2 == 0)) {
		one->future = skua_async(strand_main, one);
		cr_assert_not_null(one->future);
	} else {
		cr_assert_eq(pthread_create(&one->thread, NULL, strand_main, one), 0);
	}
}

static inline void strand_end(strand *one)
{
	if (one->future)
		skua_await(one->future);
	else
		pthread_join(one->thread, NULL);
}

static inline void strands_run(enum strands kind, unsigned count, void (*body)(void *arg, unsigned index), void *arg)
{
	strand all[CROWD_MAX];
	cr_assert_leq(count, CROWD_MAX);
	for (unsigned i = 0; i < count; i++)
		all[i] = (strand){ .body = body, .arg = arg, .index = i };
	if (kind == STRANDS_SPAWNED) {
		SKUA_RUN(strand_spawned, all, count);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		strand_start(kind, &all[i]);
	for (unsigned i = 0; i < count; i++)
		strand_end(&all[i]);
}

static inline void with_strands(void (*scenario)(enum strands kind))
{
	for (unsigned workers = 1; workers <= 4; workers++) {
		start(workers, workers == 3);
		for (enum strands kind = 0; kind < STRANDS_KINDS; kind++)
			scenario(kind);
		skua_stop();
		strands_expect_fine();
	}
}

/* The word of an object. */
static inline uint32_t word_of(void *object)
{
	sk_waitable *waitable = object;
	return sk_load_relaxed(&waitable->word);
}

/* How many wait in the queue of an object; and until so many do. Call from: anywhere. */
static inline unsigned queue_length(void *object)
{
	sk_waitable *waitable = object;
	unsigned count = 0;
	sk_lock_take(&waitable->lock);
	for (sk_queue_node *node = waitable->queue.first; node; count++)
		node = node->next == waitable->queue.first ? NULL : node->next;
	sk_lock_give(&waitable->lock);
	return count;
}

static inline void await_queue_length(void *object, unsigned count)
{
	while (queue_length(object) != count)
		skua_sleep_ns(20000);
}

/* A seed that a failing run shows. */
static inline uint32_t strands_seed(void)
{
	uint32_t seed = (uint32_t)skua_now_ns() | 1;
	cr_log_info("seed %u", seed);
	return seed;
}

static inline uint32_t strands_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

#endif
