/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores: counts are kept whatever races with what. */
#include "await/semaphore.h"

#include "strands.h"

#define COUNT 8u

typedef struct shared {
	skua_sem sem;
	crowd_counter posted, taken, inside;
	unsigned next, order[COUNT];
	uint32_t seed;
} shared;

static uint32_t left_in(skua_sem *sem)
{
	uint32_t left = 0;
	while (skua_sem_trywait(sem) == 0)
		left++;
	cr_assert_eq(word_of(sem), 0);
	return left;
}

Test(semaphore, counts)
{
	skua_sem sem = SKUA_SEM_INIT;
	cr_assert_eq(skua_sem_trywait(&sem), -EAGAIN);
	cr_assert_eq(skua_sem_wait_until(&sem, 0), -ETIMEDOUT);
	cr_assert_eq(skua_sem_post(&sem, 2), 0);
	cr_assert_eq(skua_sem_wait(&sem), 0);
	cr_assert_eq(skua_sem_wait_until(&sem, 0), 0);
	cr_assert_eq(skua_sem_init(&sem, 1u << 31), -EOVERFLOW);
	cr_assert_eq(skua_sem_init(&sem, (1u << 31) - 1), 0);
	cr_assert_eq(skua_sem_post(&sem, 1), -EOVERFLOW);
	cr_assert_eq(skua_sem_trywait(&sem), 0);
	cr_assert_eq(skua_sem_post(&sem, 1), 0);
}

/* --- at most three --- */

static void enters(void *arg, unsigned index)
{
	shared *all = arg;
	for (unsigned i = 0; i < CROWD_ROUNDS(1000); i++) {
		EXPECT(skua_sem_wait(&all->sem) == 0);
		EXPECT(sk_add_relaxed(&all->inside, 1) < 3);
		if ((i + index) % 13 == 0)
			skua_yield();
		sk_add_relaxed(&all->inside, (uint32_t)-1);
		EXPECT(skua_sem_post(&all->sem, 1) == 0);
	}
}

static void limits(enum strands kind)
{
	shared all;
	memset(&all, 0, sizeof all);
	cr_assert_eq(skua_sem_init(&all.sem, 3), 0);
	strands_run(kind, COUNT, enters, &all);
	cr_assert_eq(left_in(&all.sem), 3);
}

Test(semaphore, lets_so_many_in)
{
	with_strands(limits);
}

/* --- order, and posts of several --- */

static void stands_in_row(void *arg, unsigned index)
{
	shared *all = arg;
	while (queue_length(&all->sem) != index)
		skua_sleep_ns(10000);
	EXPECT(skua_sem_wait(&all->sem) == 0);
	sk_add_acq_rel(&all->taken, 1);
}

static void posts_several(enum strands kind)
{
	if (kind == STRANDS_SPAWNED)
		return;
	shared all = { .sem = SKUA_SEM_INIT };
	strand strands[COUNT];
	for (unsigned i = 0; i < COUNT; i++) {
		strands[i] = (strand){ .body = stands_in_row, .arg = &all, .index = i };
		strand_start(kind, &strands[i]);
	}
	await_queue_length(&all.sem, COUNT);
	skua_sem_post(&all.sem, 3);
	cr_assert_eq(queue_length(&all.sem), COUNT - 3);
	for (unsigned i = 0; i < 3; i++)
		strand_end(&strands[i]);
	cr_assert_eq(sk_load_acquire(&all.taken), 3, "the first three");
	skua_sem_post(&all.sem, COUNT);
	for (unsigned i = 3; i < COUNT; i++)
		strand_end(&strands[i]);
	cr_assert_eq(left_in(&all.sem), 3);
}

Test(semaphore, a_post_of_several_serves_the_first)
{
	with_strands(posts_several);
}

/* --- giving up --- */

static void takes_or_posts(void *arg, unsigned index)
{
	shared *all = arg;
	uint32_t random = all->seed + index;
	for (unsigned i = 0; i < CROWD_ROUNDS(500); i++) {
		if (index % 2 == 0) {
			uint64_t until = skua_now_ns() + strands_random(&random) % 30000;
			int result = skua_sem_wait_until(&all->sem, until);
			EXPECT(result == 0 || (result == -ETIMEDOUT && skua_now_ns() >= until));
			sk_add_relaxed(&all->taken, result == 0);
			continue;
		}
		uint32_t count = strands_random(&random) % 3;
		EXPECT(skua_sem_post(&all->sem, count) == 0);
		sk_add_relaxed(&all->posted, count);
		if (count == 0)
			skua_sleep_ns(strands_random(&random) % 30000);
	}
}

static void deadlines_race(enum strands kind)
{
	shared all = { .sem = SKUA_SEM_INIT, .seed = strands_seed() };
	strands_run(kind, COUNT, takes_or_posts, &all);
	cr_assert_eq(sk_load_relaxed(&all.taken) + left_in(&all.sem), sk_load_relaxed(&all.posted));
}

Test(semaphore, deadlines_race_with_posts)
{
	with_strands(deadlines_race);
}

static int takes_until_cancelled(void *arg)
{
	shared *all = arg;
	int result;
	while ((result = skua_sem_wait(&all->sem)) == 0)
		sk_add_relaxed(&all->taken, 1);
	EXPECT(result == -ECANCELED);
	return 0;
}

static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(200); round++) {
		shared all = { .sem = SKUA_SEM_INIT };
		skua_group group = SKUA_GROUP_INIT;
		for (unsigned i = 0; i < 4; i++)
			skua_group_run(&group, takes_until_cancelled, &all);
		skua_sleep_ns(strands_random(&random) % 20000);
		for (unsigned i = 0; i < 20; i++) {
			if (i == 10)
				skua_group_cancel(&group);
			skua_sem_post(&all.sem, 1);
		}
		cr_assert_eq(skua_group_wait(&group), -ECANCELED);
		cr_assert_eq(sk_load_relaxed(&all.taken) + left_in(&all.sem), 20);
	}
}

Test(semaphore, cancelling_races_with_posts)
{
	with_strands(cancelling_races);
}

/* --- a soak --- */

static void passes_tokens(void *arg, unsigned index)
{
	shared *all = arg;
	for (uint64_t end = skua_now_ns() + 100 * MS; skua_now_ns() < end;) {
		EXPECT(skua_sem_wait(&all->sem) == 0);
		if (index == 0)
			skua_yield();
		skua_sem_post(&all->sem, 1);
	}
}

static void keeps_tokens(enum strands kind)
{
	shared all = { .sem = SKUA_SEM_INIT };
	skua_sem_post(&all.sem, 1);
	strands_run(kind, 4, passes_tokens, &all);
	cr_assert_eq(left_in(&all.sem), 1);
}

Test(semaphore, one_token_goes_round)
{
	with_strands(keeps_tokens);
}
