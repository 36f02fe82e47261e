/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers: rounds do not mix, one is told, and who is cancelled has not come. */
#include "strands.h"

#define COUNT 6u

typedef struct shared {
	skua_barrier barrier;
	unsigned long round[COUNT]; /* plain: the barrier orders it */
	crowd_counter told, passed, given_up;
} shared;

Test(barrier, of_one_does_not_wait)
{
	skua_barrier barrier;
	cr_assert_eq(skua_barrier_init(&barrier, 0), -EINVAL);
	cr_assert_eq(skua_barrier_init(&barrier, 1), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(skua_barrier_wait(&barrier), 1);
}

static void goes_round(void *arg, unsigned index)
{
	shared *all = arg;
	for (unsigned long round = 0; round < CROWD_ROUNDS(400); round++) {
		all->round[index] = round;
		int result = skua_barrier_wait(&all->barrier);
		EXPECT(result == 0 || result == 1);
		sk_add_relaxed(&all->told, result == 1);
		for (unsigned i = 0; i < COUNT; i++)
			EXPECT(all->round[i] == round);
		EXPECT(skua_barrier_wait(&all->barrier) >= 0);
	}
}

static void keeps_rounds_apart(enum strands kind)
{
	shared all;
	memset(&all, 0, sizeof all);
	cr_assert_eq(skua_barrier_init(&all.barrier, COUNT), 0);
	strands_run(kind, COUNT, goes_round, &all);
	cr_assert_eq(sk_load_relaxed(&all.told), CROWD_ROUNDS(400));
}

Test(barrier, rounds_do_not_mix_and_one_is_told)
{
	with_strands(keeps_rounds_apart);
}

static int comes_once(void *arg)
{
	shared *all = arg;
	int result = skua_barrier_wait(&all->barrier);
	EXPECT(result == 0 || result == 1 || result == -ECANCELED);
	sk_add_relaxed(&all->told, result == 1);
	sk_add_relaxed(&all->passed, result >= 0);
	sk_add_relaxed(&all->given_up, result < 0);
	return 0;
}

/* The round is over for all or for nobody: passes come by threes, whoever is cancelled meanwhile. */
static void cancelling_races(enum strands kind)
{
	if (kind != STRANDS_TASKS)
		return;
	uint32_t random = strands_seed();
	for (unsigned round = 0; round < CROWD_ROUNDS(300); round++) {
		shared all;
		memset(&all, 0, sizeof all);
		skua_barrier_init(&all.barrier, 3);
		skua_group dies = SKUA_GROUP_INIT;
		for (unsigned i = 0; i < 5; i++)
			skua_group_run(&dies, comes_once, &all);
		for (uint32_t i = strands_random(&random) % 2000; i > 0; i--)
			sk_spin_hint();
		skua_group_cancel(&dies);
		cr_assert_eq(skua_group_wait(&dies), -ECANCELED);
		cr_assert_eq(sk_load_relaxed(&all.passed) % 3, 0);
		cr_assert_eq(sk_load_relaxed(&all.told), sk_load_relaxed(&all.passed) / 3);
	}
}

Test(barrier, who_is_cancelled_has_not_come)
{
	with_strands(cancelling_races);
}
