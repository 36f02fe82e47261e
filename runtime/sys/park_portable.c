/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parking by condition variables, for systems without futexes, or by SK_PARK_PORTABLE=1. See park.h.
 *
 * Each sleeper has a condition variable of its own, in its frame, and stands in the list of one of a few buckets,
 * found by hashing the word's address. The bucket's mutex makes "compare the word, then sleep" one step for wakers.
 *
 * Owner: a sleeper's struct belongs to it, its fields to whoever holds the bucket's mutex. A waker never reads the
 * word, so that one that is gone does no harm.
 */
#include "sys/park.h"

#if !defined(__linux__) || SK_PARK_PORTABLE

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/align.h"
#include "base/rng.h"

#define BUCKETS 64

struct sleeper {
	/* set once */
	sk_park_word *word;
	/* under the bucket's mutex */
	struct sleeper *next;
	pthread_cond_t wakeup;
	bool woken;
};

static struct bucket {
	SK_ALIGN_LINE pthread_mutex_t mutex;
	/* under mutex */
	struct sleeper *first;
} buckets[BUCKETS] = { [0 ... BUCKETS - 1] = { .mutex = PTHREAD_MUTEX_INITIALIZER } };

static struct bucket *bucket_of(const sk_park_word *word)
{
	return &buckets[sk_rng_mix((uintptr_t)word) % BUCKETS];
}

static void start_sleeper(struct sleeper *sleeper, sk_park_word *word)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&sleeper->wakeup, &attributes);
	pthread_condattr_destroy(&attributes);
	sleeper->word = word;
	sleeper->next = NULL;
	sleeper->woken = false;
}

/* At the end, so that those who came first are woken first. */
static void append(struct bucket *bucket, struct sleeper *sleeper)
{
	struct sleeper **link = &bucket->first;

	while (*link)
		link = &(*link)->next;
	*link = sleeper;
}

static void take_out(struct bucket *bucket, struct sleeper *sleeper)
{
	struct sleeper **link = &bucket->first;

	while (*link != sleeper)
		link = &(*link)->next;
	*link = sleeper->next;
}

int sk_park_wait(sk_park_word *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(deadline_ns % UINT64_C(1000000000)),
	};
	struct bucket *bucket = bucket_of(word);
	struct sleeper sleeper;
	int error = 0;

	pthread_mutex_lock(&bucket->mutex);
	/* Relaxed: a waker changes the word before he takes the mutex: this sees the change, or he the sleeper. */
	if (sk_load_relaxed(word) != expected) {
		pthread_mutex_unlock(&bucket->mutex);
		return -EAGAIN;
	}
	start_sleeper(&sleeper, word);
	append(bucket, &sleeper);
	while (!sleeper.woken && error == 0)
		error = deadline_ns == SK_PARK_FOREVER
				? pthread_cond_wait(&sleeper.wakeup, &bucket->mutex)
				: pthread_cond_timedwait(&sleeper.wakeup, &bucket->mutex, &deadline);
	if (!sleeper.woken)
		take_out(bucket, &sleeper);
	pthread_mutex_unlock(&bucket->mutex);
	pthread_cond_destroy(&sleeper.wakeup);
	return sleeper.woken ? 0 : -ETIMEDOUT;
}

int sk_park_wake(sk_park_word *word, int count)
{
	struct bucket *bucket = bucket_of(word);
	int woken = 0;

	pthread_mutex_lock(&bucket->mutex);
	struct sleeper **link = &bucket->first;
	while (*link && woken < count) {
		struct sleeper *sleeper = *link;

		if (sleeper->word != word) {
			link = &sleeper->next;
			continue;
		}
		*link = sleeper->next;
		sleeper->woken = true;
		/* Under the mutex: afterwards the sleeper, and its condition variable, may be gone. */
		pthread_cond_signal(&sleeper->wakeup);
		woken++;
	}
	pthread_mutex_unlock(&bucket->mutex);
	return woken;
}

void sk_park_after_fork(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		pthread_mutex_init(&buckets[i].mutex, NULL);
		buckets[i].first = NULL;
	}
}

#endif
