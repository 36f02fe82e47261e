/* SPDX-License-Identifier: Apache-2.0 */
/* The fence on behalf of others: it replaces the fence of one side of a Dekker pair. Skipped where there is none. */
#include "sys/membarrier.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/align.h"
#include "base/atomic.h"

enum { ROUNDS = 3000 };

/* Each round: both sides raise their own flag and read the other's; at least one must see the other. */
static SK_ALIGN_FALSE_SHARING SK_ATOMIC(int) flag_frequent;
static SK_ALIGN_FALSE_SHARING SK_ATOMIC(int) flag_rare;
static SK_ALIGN_FALSE_SHARING SK_ATOMIC(int) round_started;
static SK_ALIGN_FALSE_SHARING SK_ATOMIC(int) round_ended;
static int frequent_saw[ROUNDS + 1];

static void *frequent_side(void *arg)
{
	(void)arg;
	for (int round = 1; round <= ROUNDS; round++) {
		while (sk_load_acquire(&round_started) != round)
			sk_spin_hint();
		sk_store_relaxed(&flag_frequent, round);
		sk_compiler_fence();
		frequent_saw[round] = sk_load_relaxed(&flag_rare) == round;
		sk_store_release(&round_ended, round);
	}
	return NULL;
}

Test(membarrier, it_can_be_started_again)
{
	bool usable = sk_membarrier_start();

	cr_assert_eq(sk_membarrier_start(), usable);
	if (usable)
		sk_membarrier();
}

Test(membarrier, the_environment_can_switch_it_off)
{
	bool usable = sk_membarrier_start();

	setenv("SKUA_MEMBARRIER", "1", 1);
	cr_assert_eq(sk_membarrier_start(), usable);
	setenv("SKUA_MEMBARRIER", "0", 1);
	cr_assert_not(sk_membarrier_start());
}

Test(membarrier, one_side_pays_for_the_fences_of_both)
{
	pthread_t thread;

	if (!sk_membarrier_start())
		return;
	cr_assert_eq(pthread_create(&thread, NULL, frequent_side, NULL), 0);
	for (int round = 1; round <= ROUNDS; round++) {
		sk_store_release(&round_started, round);
		sk_store_relaxed(&flag_rare, round);
		sk_membarrier();
		int rare_saw = sk_load_relaxed(&flag_frequent) == round;
		while (sk_load_acquire(&round_ended) != round)
			sk_spin_hint();
		cr_assert(rare_saw || frequent_saw[round], "nobody saw the other in round %d", round);
	}
	pthread_join(thread, NULL);
}
