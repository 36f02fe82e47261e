/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: signals to one and to all, in order, deadlines and cancellations that race with signals. */
#include "mutexes.h"

#define COUNT 8u

typedef struct shared {
	skua_mutex mutex;
	skua_cond changed, other;
	unsigned waiting, released, gone; /* under the mutex */
	unsigned long ring[4], sent, received, sum;
	unsigned order[COUNT];
	uint32_t seed;
} shared;

static unsigned read_under_mutex(shared *all, const unsigned *value)
{
	skua_mutex_lock(&all->mutex);
	unsigned seen = *value;
	skua_mutex_unlock(&all->mutex);
	return seen;
}

/* --- a bounded buffer --- */

static void produce_or_consume(void *arg, unsigned index)
{
	shared *all = arg;
	for (unsigned long i = 0; i < CROWD_ROUNDS(1000); i++) {
		skua_mutex_lock(&all->mutex);
		if (index < COUNT / 2) {
			while (all->sent - all->received == 4)
				EXPECT(skua_cond_wait(&all->changed, &all->mutex) == 0);
			all->ring[all->sent++ % 4] = i;
			skua_cond_signal(&all->other);
		} else {
			while (all->sent == all->received)
				EXPECT(skua_cond_wait(&all->other, &all->mutex) == 0);
			all->sum += all->ring[all->received++ % 4];
			skua_cond_signal(&all->changed);
		}
		skua_mutex_unlock(&all->mutex);
	}
}

static void nothing_is_lost(enum strands kind)
{
	shared all = { .mutex = a_mutex(), .changed = SKUA_COND_INIT, .other = SKUA_COND_INIT };
	unsigned long n = CROWD_ROUNDS(1000);
	strands_run(kind, COUNT, produce_or_consume, &all);
	cr_assert_eq(all.sum, COUNT / 2 * (n * (n - 1) / 2));
	cr_assert_eq(word_of(&all.mutex), 0);
}

Test(condition, a_bounded_buffer_loses_nothing)
{
	with_mutexes(nothing_is_lost);
}

/* --- one and all --- */

static void await_release(void *arg, unsigned index)
{
	shared *all = arg;
	skua_mutex_lock(&all->mutex);
	while (all->waiting != index)
		EXPECT(skua_cond_wait(&all->other, &all->mutex) == 0);
	all->waiting++;
	skua_cond_broadcast(&all->other);
	EXPECT(skua_cond_wait(&all->changed, &all->mutex) == 0);
	EXPECT(all->released > all->gone);
	all->order[all->gone++] = index;
	skua_mutex_unlock(&all->mutex);
}

static void release(shared *all, unsigned count, bool under_mutex)
{
	skua_mutex_lock(&all->mutex);
	all->released += count;
	if (!under_mutex)
		skua_mutex_unlock(&all->mutex);
	if (count == 1)
		skua_cond_signal(&all->changed);
	else
		skua_cond_broadcast(&all->changed);
	if (under_mutex)
		skua_mutex_unlock(&all->mutex);
}

static void goes_on_in_order(enum strands kind)
{
	if (kind == STRANDS_SPAWNED)
		return;
	for (int under_mutex = 0; under_mutex < 2; under_mutex++) {
		shared all = { .mutex = a_mutex(), .changed = SKUA_COND_INIT, .other = SKUA_COND_INIT };
		strand strands[COUNT];
		for (unsigned i = 0; i < COUNT; i++) {
			strands[i] = (strand){ .body = await_release, .arg = &all, .index = i };
			strand_start(kind, &strands[i]);
		}
		await_queue_length(&all.changed, COUNT);
		for (unsigned i = 1; i <= 3; i++) {
			keep(&all.mutex);
			release(&all, 1, under_mutex);
			while (read_under_mutex(&all, &all.gone) != i)
				skua_sleep_ns(10000);
		}
		cr_assert_eq(queue_length(&all.changed), COUNT - 3);
		keep(&all.mutex);
		release(&all, COUNT - 3, under_mutex);
		for (unsigned i = 0; i < COUNT; i++)
			strand_end(&strands[i]);
		for (unsigned i = 0; i < COUNT; i++)
			cr_assert_eq(all.order[i], i);
		cr_assert_eq(queue_length(&all.mutex), 0);
	}
}

Test(condition, signals_and_broadcasts_go_in_order)
{
	with_mutexes(goes_on_in_order);
}

/* --- giving up --- */

static void waits_in_vain(void *arg, unsigned index)
{
	shared *all = arg;
	skua_mutex_lock(&all->mutex);
	EXPECT(skua_cond_wait_until(&all->changed, &all->mutex, index) == -ETIMEDOUT);
	uint64_t until = skua_now_ns() + MS;
	EXPECT(skua_cond_wait_until(&all->changed, &all->mutex, until) == -ETIMEDOUT);
	EXPECT(skua_now_ns() >= until);
	all->gone++;
	skua_mutex_unlock(&all->mutex);
}

static void times_out(enum strands kind)
{
	shared all = { .mutex = a_mutex(), .changed = SKUA_COND_INIT };
	strands_run(kind, COUNT, waits_in_vain, &all);
	cr_assert_eq(all.gone, COUNT);
	cr_assert_eq(queue_length(&all.changed), 0);
}

Test(condition, a_deadline_ends_the_wait_with_the_mutex_locked)
{
	with_mutexes(times_out);
}

static int is_cancelled_waiting(void *arg)
{
	shared *all = arg;
	skua_mutex_lock(&all->mutex);
	all->waiting++;
	EXPECT(skua_cond_wait(&all->changed, &all->mutex) == -ECANCELED);
	all->waiting--;
	EXPECT(skua_cond_wait(&all->changed, &all->mutex) == -ECANCELED);
	skua_mutex_unlock(&all->mutex);
	return 0;
}

static void is_cancelled(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	shared all = { .mutex = a_mutex(), .changed = SKUA_COND_INIT };
	skua_group group = SKUA_GROUP_INIT;
	for (unsigned i = 0; i < COUNT; i++)
		skua_group_run(&group, is_cancelled_waiting, &all);
	await_queue_length(&all.changed, COUNT);
	skua_group_cancel(&group);
	cr_assert_eq(skua_group_wait(&group), -ECANCELED);
	cr_assert_eq(all.waiting, 0);
	cr_assert_eq(word_of(&all.mutex), 0);
}

Test(condition, a_cancellation_ends_the_wait_with_the_mutex_locked)
{
	with_mutexes(is_cancelled);
}

/*
 * Waiters with little patience, and one signal for each that waits for certain: each signal lets one go on or finds
 * that the one it was meant for has just left by himself; none is returned twice, and nobody stays behind.
 */
static void waits_or_signals(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t random = all->seed + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(300); i++) {
		skua_mutex_lock(&all->mutex);
		if (index % 2 == 0) {
			uint64_t until = skua_now_ns() + strands_random(&random) % 60000;
			all->waiting++;
			int result = skua_cond_wait_until(&all->changed, &all->mutex, until);
			EXPECT(result == 0 || result == -ETIMEDOUT);
			if (result == 0)
				all->gone++;
			else
				all->waiting--;
		} else if (all->waiting > 0) {
			all->waiting--;
			all->released++;
			skua_cond_signal(&all->changed);
		}
		skua_mutex_unlock(&all->mutex);
		if (index % 2 != 0)
			skua_sleep_ns(strands_random(&random) % 30000);
	}
}

static void deadlines_race(enum strands kind)
{
	shared all = { .mutex = a_mutex(), .changed = SKUA_COND_INIT, .seed = strands_seed() };
	strands_run(kind, COUNT, waits_or_signals, &all);
	cr_assert_leq(all.gone, all.released);
	cr_assert_eq(queue_length(&all.changed), 0);
	cr_assert_eq(word_of(&all.mutex), 0);
}

Test(condition, deadlines_race_with_signals)
{
	with_mutexes(deadlines_race);
}

static int consume_until_cancelled(void *arg)
{
	shared *all = arg;
	skua_mutex_lock(&all->mutex);
	while (all->released == 0) {
		if (skua_cond_wait(&all->changed, &all->mutex) < 0)
			break;
	}
	if (all->released > 0) {
		all->released--;
		all->gone++;
	}
	skua_mutex_unlock(&all->mutex);
	return 0;
}

/* A signal that went to one who was cancelled: he returns 0 or the next one is signalled; the token is consumed. */
static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(200); round++) {
		shared all = { .mutex = a_mutex(), .changed = SKUA_COND_INIT };
		skua_group dies = SKUA_GROUP_INIT, lives = SKUA_GROUP_INIT;
		for (unsigned i = 0; i < 4; i++)
			skua_group_run(&dies, consume_until_cancelled, &all);
		skua_group_run(&lives, consume_until_cancelled, &all);
		skua_sleep_ns(strands_random(&random) % 20000);
		skua_mutex_lock(&all.mutex);
		for (unsigned i = 0; i < 5; i++) {
			all.released++;
			skua_cond_signal(&all.changed);
		}
		skua_mutex_unlock(&all.mutex);
		skua_group_cancel(&dies);
		skua_group_wait(&dies);
		cr_assert_eq(skua_group_wait(&lives), 0);
		cr_assert_geq(all.gone, 1);
	}
}

Test(condition, cancelling_races_with_signals)
{
	with_mutexes(cancelling_races);
}
