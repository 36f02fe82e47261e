/* SPDX-License-Identifier: Apache-2.0 */
/* The random numbers: repeatable, even, and different for neighbouring seeds. */
#include "base/rng.h"

#include <criterion/criterion.h>
#include <string.h>

Test(rng, the_same_seed_gives_the_same_row)
{
	sk_rng a;
	sk_rng b;

	sk_rng_seed(&a, 42);
	sk_rng_seed(&b, 42);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(sk_rng_next(&a), sk_rng_next(&b));
}

Test(rng, neighbouring_seeds_give_rows_that_do_not_meet)
{
	sk_rng a;
	sk_rng b;
	int same = 0;

	sk_rng_seed(&a, 0);
	sk_rng_seed(&b, 1);
	for (int i = 0; i < 1000; i++)
		same += sk_rng_next(&a) == sk_rng_next(&b);
	cr_assert_lt(same, 3);
}

Test(rng, each_bit_is_set_about_half_of_the_time)
{
	enum { ROUNDS = 100000 };
	int set[32] = { 0 };
	sk_rng rng;

	sk_rng_seed(&rng, 7);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t bits = sk_rng_next(&rng);

		for (int bit = 0; bit < 32; bit++)
			set[bit] += (int)(bits >> bit & 1);
	}
	for (int bit = 0; bit < 32; bit++) {
		cr_assert_gt(set[bit], ROUNDS / 2 - 1000, "bit %d: %d", bit, set[bit]);
		cr_assert_lt(set[bit], ROUNDS / 2 + 1000, "bit %d: %d", bit, set[bit]);
	}
}

Test(rng, below_stays_below_and_reaches_every_number_about_equally)
{
	enum { SIDES = 7, ROUNDS = 70000 };
	int seen[SIDES] = { 0 };
	sk_rng rng;

	sk_rng_seed(&rng, 3);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t side = sk_rng_below(&rng, SIDES);

		cr_assert_lt(side, SIDES);
		seen[side]++;
	}
	for (int side = 0; side < SIDES; side++) {
		cr_assert_gt(seen[side], 9500);
		cr_assert_lt(seen[side], 10500);
	}
}

Test(rng, below_one_and_below_none_give_zero)
{
	sk_rng rng;

	sk_rng_seed(&rng, 3);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(sk_rng_below(&rng, 1), 0);
		cr_assert_eq(sk_rng_below(&rng, 0), 0);
	}
}
