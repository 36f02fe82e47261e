/* SPDX-License-Identifier: Apache-2.0 */
/* Parking: nothing is lost between looking and sleeping, deadlines hold, and a wake says whom it woke. */
#include "sys/park.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <time.h>

#include "sys/clock.h"

#define SECOND_NS UINT64_C(1000000000)

static sk_park_word word;
static SK_ATOMIC(int) awake;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* Sleeps until the word is not 0. */
static void *sleep_on_the_word(void *arg)
{
	(void)arg;
	while (sk_load_acquire(&word) == 0)
		sk_park_wait(&word, 0, SK_PARK_FOREVER);
	sk_add_seq_cst(&awake, 1);
	return NULL;
}

/* Sleeps once, and counts if it was a wake that ended it. */
static void *sleep_once(void *arg)
{
	(void)arg;
	if (sk_park_wait(&word, 0, sk_clock_ns() + 20 * SECOND_NS) == 0)
		sk_add_seq_cst(&awake, 1);
	return NULL;
}

Test(park, a_word_with_another_value_is_not_waited_for)
{
	sk_store_relaxed(&word, 5);
	cr_assert_eq(sk_park_wait(&word, 4, SK_PARK_FOREVER), -EAGAIN);
}

Test(park, a_deadline_in_the_past_returns_at_once)
{
	cr_assert_eq(sk_park_wait(&word, 0, 1), -ETIMEDOUT);
	cr_assert_eq(sk_park_wait(&word, 0, 0), -ETIMEDOUT);
}

Test(park, a_wait_lasts_until_its_deadline)
{
	uint64_t deadline = sk_clock_ns() + 20 * 1000 * 1000;
	int result;

	while ((result = sk_park_wait(&word, 0, deadline)) == 0)
		;
	cr_assert_eq(result, -ETIMEDOUT);
	cr_assert_geq(sk_clock_ns(), deadline);
}

Test(park, errno_is_kept)
{
	errno = 77;
	sk_park_wait(&word, 0, 1);
	sk_park_wait(&word, 1, 1);
	sk_park_wake(&word, 1);
	cr_assert_eq(errno, 77);
}

Test(park, a_wake_without_sleepers_wakes_nobody)
{
	cr_assert_eq(sk_park_wake(&word, 1), 0);
	cr_assert_eq(sk_park_wake(&word, INT_MAX), 0);
}

Test(park, a_wake_before_the_wait_is_not_lost)
{
	pthread_t thread;

	sk_store_relaxed(&word, 1);
	sk_park_wake(&word, 1);
	cr_assert_eq(pthread_create(&thread, NULL, sleep_on_the_word, NULL), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(sk_load_relaxed(&awake), 1);
}

Test(park, one_wake_reaches_all_sleepers_if_it_shall)
{
	enum { SLEEPERS = 4 };
	pthread_t threads[SLEEPERS];

	for (int i = 0; i < SLEEPERS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, sleep_on_the_word, NULL), 0);
	pause_ms(20);
	sk_store_release(&word, 1);
	sk_park_wake(&word, INT_MAX);
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(sk_load_relaxed(&awake), SLEEPERS);
}

Test(park, a_wake_says_how_many_it_woke_and_wakes_no_more)
{
	enum { SLEEPERS = 3 };
	pthread_t threads[SLEEPERS];
	int woken = 0;

	for (int i = 0; i < SLEEPERS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, sleep_once, NULL), 0);
	while (woken < SLEEPERS) {
		int now = sk_park_wake(&word, 1);

		cr_assert_geq(now, 0);
		cr_assert_leq(now, 1);
		woken += now;
		pause_ms(1);
	}
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(sk_load_relaxed(&awake), SLEEPERS);
}

Test(park, sleepers_on_other_words_are_left_alone)
{
	static sk_park_word others[256];
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, sleep_once, NULL), 0);
	pause_ms(20);
	for (int i = 0; i < 256; i++)
		cr_assert_eq(sk_park_wake(&others[i], INT_MAX), 0);
	while (sk_park_wake(&word, 1) == 0)
		pause_ms(1);
	pthread_join(thread, NULL);
	cr_assert_eq(sk_load_relaxed(&awake), 1);
}

/* Two threads pass the turn to and fro; one lost wake-up and the test hangs. */
static sk_park_word turn;

static void *take_odd_turns(void *arg)
{
	uint32_t last = *(const uint32_t *)arg;

	for (uint32_t mine = 1; mine < last; mine += 2) {
		uint32_t seen;

		while ((seen = sk_load_acquire(&turn)) != mine)
			sk_park_wait(&turn, seen, SK_PARK_FOREVER);
		sk_store_release(&turn, mine + 1);
		sk_park_wake(&turn, 1);
	}
	return NULL;
}

Test(park, two_threads_hand_a_turn_to_and_fro_without_losing_a_wake)
{
	uint32_t last = 4000;
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, take_odd_turns, &last), 0);
	for (uint32_t mine = 0; mine < last; mine += 2) {
		uint32_t seen;

		while ((seen = sk_load_acquire(&turn)) != mine)
			sk_park_wait(&turn, seen, SK_PARK_FOREVER);
		sk_store_release(&turn, mine + 1);
		sk_park_wake(&turn, 1);
	}
	pthread_join(thread, NULL);
	cr_assert_eq(sk_load_relaxed(&turn), last);
}
