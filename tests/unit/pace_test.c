/* SPDX-License-Identifier: Apache-2.0 */
/* Pace: whom a memory is trusted, what a runner makes of its pieces, and numbers at both ends. */
#include "loop/pace.h"

#include "crowd.h"

#include <criterion/criterion.h>
#include <stdint.h>

static int a_body;

Test(pace, is_not_trusted_before_it_was_right_some_times)
{
	cr_assert_eq(sk_pace_recall(&a_body).pace, 0);
	sk_pace_note(&a_body, 1000);
	cr_assert_eq(sk_pace_recall(&a_body).pace, 1000);
	cr_assert_not(sk_pace_recall(&a_body).trusted);
	for (int i = 0; i < 10; i++)
		sk_pace_note(&a_body, 1100);
	cr_assert(sk_pace_recall(&a_body).trusted);
	cr_assert_not(sk_pace_recall(&a_body).proven);
	for (int i = 0; i < 100; i++)
		sk_pace_note(&a_body, 900);
	cr_assert(sk_pace_recall(&a_body).proven);
}

Test(pace, loses_trust_by_a_mistake_and_needs_more_afterwards)
{
	for (int i = 0; i < 8; i++)
		sk_pace_note(&a_body, 1000);
	cr_assert(sk_pace_recall(&a_body).trusted);
	sk_pace_note(&a_body, 100000);
	cr_assert_not(sk_pace_recall(&a_body).trusted, "slower than remembered");
	for (int i = 0; i < 5; i++)
		sk_pace_note(&a_body, 100000);
	cr_assert(sk_pace_recall(&a_body).trusted);
	sk_pace_blame(&a_body);
	for (int i = 0; i < 5; i++)
		sk_pace_note(&a_body, 100000);
	cr_assert_not(sk_pace_recall(&a_body).trusted, "twice as many times now");
	for (int i = 0; i < 5; i++)
		sk_pace_note(&a_body, 100000);
	cr_assert(sk_pace_recall(&a_body).trusted);
}

Test(pace, a_runner_follows_its_pieces)
{
	sk_runner runner, thief;
	sk_runner_init(&runner, NULL, 1000, 64);
	sk_runner_note(&runner, 64, 100);
	cr_assert_eq(sk_runner_units(&runner), 512, "eight times as many at most");
	sk_runner_note(&runner, 512, 600);
	cr_assert_eq(sk_runner_units(&runner), 512);
	sk_runner_note(&runner, 512, 4100);
	cr_assert_eq(sk_runner_units(&runner), 64, "as many as fit the target");
	sk_runner_note(&runner, 1, 1000000);
	cr_assert_eq(sk_runner_units(&runner), 1, "never none");
	sk_runner_note(&runner, SIZE_MAX / 2, 0);
	cr_assert_geq(sk_runner_units(&runner), SIZE_MAX / 2);
	sk_runner_init(&runner, NULL, 1000, 64);
	cr_assert_eq(sk_runner_pace(&runner), 0);
	sk_runner_copy(&thief, &runner, NULL);
	cr_assert_eq(sk_runner_units(&thief), 33);
	cr_assert_eq(thief.target, 1000);
}

Test(pace, does_not_overflow)
{
	cr_assert_gt(sk_pace_of(UINT64_MAX, 1), 0);
	cr_assert_eq(sk_pace_of(0, SIZE_MAX), 1, "0 would say that nothing is known");
	cr_assert_eq(sk_pace_ticks(UINT64_MAX, SIZE_MAX), UINT64_MAX / 2);
	cr_assert_eq(sk_pace_units(UINT64_MAX, 10), 1);
	cr_assert_eq(sk_pace_between(10, 5), 0);
	sk_pace pace = sk_pace_of(3000, 1000);
	cr_assert_geq(sk_pace_ticks(pace, 1000), 3000);
	cr_assert_leq(sk_pace_ticks(pace, 1000), 3001);
}

Test(pace, a_memory_that_was_often_wrong_is_trusted_again_after_long)
{
	sk_pace_note(&a_body, 1000);
	for (int i = 0; i < 100; i++)
		sk_pace_blame(&a_body);
	/* Ten doubts at most, one forgiven for each 256 times: seven are left at the 768th, which ask for 512. */
	for (int i = 0; i < 767; i++) {
		sk_pace_note(&a_body, 1000);
		SURELY(!sk_pace_recall(&a_body).trusted, "after %d times", i + 1);
	}
	sk_pace_note(&a_body, 1000);
	cr_assert(sk_pace_recall(&a_body).trusted);
}

/* Each body has its place in a small table, which it may have to leave to another. */
Test(pace, a_body_that_lost_its_place_is_not_known_and_does_no_harm_to_who_has_it)
{
	static char bodies[1000];
	const char *first = &bodies[0], *other = first;
	sk_pace_note(first, 1000);
	while (sk_pace_recall(first).pace) {
		cr_assert_lt(++other, &bodies[sizeof bodies], "the table has a place for each of a thousand");
		for (int i = 0; i < 10; i++)
			sk_pace_note(other, 2000);
	}
	unsigned alone = 1u << SK_WAY_ALONE | 1u << SK_WAY_DIVIDED;
	sk_pace_blame(first);
	for (int i = 0; i < 1000; i++) {
		SURELY(sk_pace_way(first, alone) == SK_WAY_DIVIDED, "nothing is tried for it");
		sk_pace_note_way(first, SK_WAY_DIVIDED, 1);
	}
	cr_assert(sk_pace_recall(other).trusted);
	for (int i = 0; i < 10; i++) { /* still in its first loops: nothing was noted for it */
		SURELY(sk_pace_way(other, alone) == SK_WAY_DIVIDED, "loop %d", i);
		sk_pace_note_way(other, SK_WAY_DIVIDED, 2000);
	}
	unsigned tried = 0;
	for (int i = 0; i < 30; i++) {
		enum sk_way way = sk_pace_way(other, alone);
		tried += way == SK_WAY_ALONE;
		sk_pace_note_way(other, way, 2000);
	}
	cr_assert(tried > 0 && tried < 10, "%u", tried);
}

Test(pace, what_is_put_off_comes_in_the_end)
{
	int put_off = 0;
	while (sk_pace_put_off(10, 100))
		put_off++;
	cr_assert_eq(put_off, 9);
	cr_assert(sk_pace_put_off(10, 100), "and the count begins anew");
}
