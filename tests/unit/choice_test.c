/* SPDX-License-Identifier: Apache-2.0 */
/* The choice between ways to run a loop: with times that are known, it finds the best one and goes on looking. */
#include "loop/choice.h"

#include <criterion/criterion.h>

#define ALL 7u

static sk_choice choice;
static uint64_t took[SK_WAYS];   /* what a loop takes in each way */
static unsigned times[SK_WAYS];  /* how often it was run so */

static void run(unsigned loops, unsigned allowed)
{
	for (unsigned way = 0; way < SK_WAYS; way++)
		times[way] = 0;
	for (unsigned i = 0; i < loops; i++) {
		enum sk_way way = sk_choice_next(&choice, allowed);
		times[way]++;
		sk_choice_note(&choice, way, took[way]);
	}
}

static void begin(uint64_t divided, uint64_t whole, uint64_t alone)
{
	choice = (sk_choice){ .period = 0 };
	took[SK_WAY_DIVIDED] = divided;
	took[SK_WAY_WHOLE] = whole;
	took[SK_WAY_ALONE] = alone;
}

Test(choice, begins_in_pieces)
{
	begin(100, 50, 50);
	run(3, ALL);
	cr_assert_eq(times[SK_WAY_DIVIDED], 3);
}

Test(choice, finds_the_best_of_three_and_stays_with_it)
{
	for (unsigned best = 0; best < SK_WAYS; best++) {
		begin(100, 100, 100);
		took[best] = 60;
		run(200, ALL);
		run(4000, ALL);
		cr_assert_geq(times[best], 3900, "way %u: %u times", best, times[best]);
	}
}

Test(choice, goes_on_trying_the_others_but_ever_more_rarely)
{
	begin(60, 100, 100);
	run(100, ALL);
	cr_assert_geq(times[SK_WAY_WHOLE], 4);
	cr_assert_geq(times[SK_WAY_ALONE], 4);
	run(100000, ALL);
	run(100000, ALL);
	unsigned tries = times[SK_WAY_WHOLE] + times[SK_WAY_ALONE];
	cr_assert(tries >= 40 && tries <= 120, "%u", tries);
	took[SK_WAY_WHOLE] = 30;
	run(20000, ALL);
	cr_assert_gt(times[SK_WAY_WHOLE], 9000, "what became better is found");
}

Test(choice, changes_for_a_clear_gain_only)
{
	begin(100, 95, 97);
	run(10000, ALL);
	cr_assert_gt(times[SK_WAY_DIVIDED], 9800);
}

Test(choice, leaves_a_way_that_became_slow)
{
	begin(100, 50, 200);
	run(1000, ALL);
	took[SK_WAY_WHOLE] = 300;
	run(10000, ALL);
	cr_assert_gt(times[SK_WAY_DIVIDED], 9000);
}

Test(choice, never_takes_what_is_not_allowed)
{
	begin(100, 10, 10);
	run(1000, 1u << SK_WAY_DIVIDED);
	cr_assert_eq(times[SK_WAY_DIVIDED], 1000);
	run(1000, ALL);
	cr_assert_gt(times[SK_WAY_WHOLE] + times[SK_WAY_ALONE], 900);
	run(1000, 1u << SK_WAY_DIVIDED | 1u << SK_WAY_ALONE);
	cr_assert_eq(times[SK_WAY_WHOLE], 0);
	run(1, 1u << SK_WAY_DIVIDED);
	cr_assert_eq(times[SK_WAY_DIVIDED], 1);
}

/* Somebody else had the core: one loop in four takes ten times as long. */
Test(choice, is_not_misled_by_loops_that_were_interrupted)
{
	begin(100, 60, 200);
	unsigned whole = 0, late = 0;
	for (unsigned i = 0; i < 20000; i++) {
		enum sk_way way = sk_choice_next(&choice, ALL);
		whole += way == SK_WAY_WHOLE;
		late += i >= 10000 && way == SK_WAY_WHOLE;
		sk_choice_note(&choice, way, i % 4 == 1 ? took[way] * 10 : took[way]);
	}
	cr_assert_gt(late, 9800, "%u, %u", late, whole);
}

Test(choice, a_note_of_another_way_counts_for_nothing)
{
	begin(100, 100, 100);
	run(6, ALL);
	for (unsigned i = 0; i < 100; i++)
		sk_choice_note(&choice, SK_WAY_ALONE, 1);
	cr_assert_eq(sk_choice_next(&choice, ALL), SK_WAY_DIVIDED);
	cr_assert_eq(choice.usual, 100);
}

/* The loop ended on another thread, each time: it is that one's memory that was told. */
Test(choice, a_trial_of_which_nothing_is_heard_ends_all_the_same)
{
	begin(100, 50, 50);
	run(17, ALL);
	unsigned tried = 0;
	for (unsigned i = 0; i < 1000; i++)
		tried += sk_choice_next(&choice, ALL) != SK_WAY_DIVIDED;
	cr_assert(tried > 0 && tried < 50, "%u", tried);
}

Test(choice, another_length_in_between_does_not_make_it_forget)
{
	begin(100, 60, 200);
	run(200, ALL);
	unsigned whole = 0;
	for (unsigned i = 0; i < 2000; i++) {
		cr_assert_eq(sk_choice_next(&choice, 1u << SK_WAY_DIVIDED), SK_WAY_DIVIDED);
		sk_choice_note(&choice, SK_WAY_DIVIDED, 500);
		enum sk_way way = sk_choice_next(&choice, ALL);
		whole += way == SK_WAY_WHOLE;
		sk_choice_note(&choice, way, took[way]);
	}
	cr_assert_gt(whole, 1900);
}

Test(choice, a_trial_waits_for_loops_in_which_its_way_is_allowed)
{
	begin(100, 60, 200);
	unsigned loops = 0;
	while (sk_choice_next(&choice, ALL) != SK_WAY_WHOLE) {
		sk_choice_note(&choice, SK_WAY_DIVIDED, 100);
		cr_assert_lt(++loops, 100u, "no trial begins");
	}
	unsigned left = choice.trial_left;
	sk_choice_note(&choice, SK_WAY_WHOLE, 60);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(sk_choice_next(&choice, 1u << SK_WAY_DIVIDED | 1u << SK_WAY_ALONE), SK_WAY_DIVIDED);
	cr_assert(choice.in_trial && choice.trial_left == left, "nothing was tried meanwhile");
	run(left, ALL);
	cr_assert_eq(times[SK_WAY_WHOLE], left);
	cr_assert_eq(sk_choice_next(&choice, ALL), SK_WAY_WHOLE, "and it was a gain");
	cr_assert_not(choice.in_trial);
}

/* A clock may stand still for the whole of a loop. */
Test(choice, loops_that_take_no_time_are_known_too)
{
	begin(0, 10, 10);
	run(3, ALL);
	cr_assert_eq(choice.usual, 1, "0 would say that nothing is known");
	run(100, ALL);
	cr_assert_gt(times[SK_WAY_WHOLE], 0u, "so that others are tried");
	run(100, ALL);
	cr_assert_eq(choice.now, SK_WAY_DIVIDED);
}
