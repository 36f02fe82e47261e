/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel of timers: never early, late by a tick at most, each once, and removed ones not at all. */
#include "sched/timers.h"

#include "base/rng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TICK_NS (UINT64_C(1) << 14)

/* A timer that notes when it ran. */
typedef struct noted {
	sk_timer timer;
	uint64_t at_ns;
	uint64_t ran_ns; /* the time that the wheel was told; 0: not yet */
	unsigned runs;
} noted;

static uint64_t told_ns;

static void note(sk_timer *timer)
{
	noted *n = sk_container_of(timer, noted, timer);
	n->ran_ns = told_ns;
	n->runs++;
}

static bool set(sk_timers *wheel, noted *n, uint64_t at_ns)
{
	n->timer.run = note;
	n->at_ns = at_ns;
	n->ran_ns = 0;
	return sk_timers_set(wheel, &n->timer, at_ns);
}

static unsigned tell(sk_timers *wheel, uint64_t now_ns)
{
	told_ns = now_ns;
	return sk_timers_expire(NULL, wheel, now_ns);
}

static sk_timers wheel;

Test(timers, an_empty_wheel_has_no_next)
{
	sk_timers_init(&wheel, 12345);
	cr_assert_eq(sk_timers_next(&wheel), SK_TIMERS_NEVER);
	cr_assert_eq(tell(&wheel, UINT64_C(1) << 60), 0);
	cr_assert_eq(sk_timers_next(&wheel), SK_TIMERS_NEVER);
}

Test(timers, one_is_never_early_and_late_by_a_tick_at_most)
{
	static const uint64_t after[] = { 0, 1, 100, TICK_NS - 1, TICK_NS, TICK_NS + 1, 1000000, 3000000000,
		                          86400000000000, UINT64_C(400) * 86400000000000 };
	for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
		uint64_t begin = UINT64_C(77777777777);
		noted n = { .runs = 0 };
		sk_timers_init(&wheel, begin);
		cr_assert(set(&wheel, &n, begin + after[i]), "it is the first");
		cr_assert_leq(sk_timers_next(&wheel), begin + after[i] + TICK_NS, "M2");
		if (after[i] > 0) {
			tell(&wheel, begin + after[i] - 1);
			cr_assert_eq(n.runs, 0, "early: %zu", i);
		}
		tell(&wheel, begin + after[i] + TICK_NS);
		cr_assert_eq(n.runs, 1, "late: %zu", i);
		cr_assert_eq(sk_timers_next(&wheel), SK_TIMERS_NEVER);
	}
}

Test(timers, following_next_reaches_a_far_one_in_a_few_steps)
{
	uint64_t now = 1, at = UINT64_C(30) * 86400000000000 + 12345;
	noted n = { .runs = 0 };
	sk_timers_init(&wheel, now);
	set(&wheel, &n, at);
	unsigned steps = 0;
	while (n.runs == 0) {
		now = sk_timers_next(&wheel);
		cr_assert_leq(now, at + TICK_NS);
		tell(&wheel, now);
		cr_assert_lt(++steps, 12u);
	}
	cr_assert_geq(now, at);
}

Test(timers, the_latest_time_that_there_is_has_a_place)
{
	uint64_t now = 1;
	noted n = { .runs = 0 };
	sk_timers_init(&wheel, now);
	set(&wheel, &n, SK_TIMERS_NEVER - 1);
	for (unsigned steps = 0; n.runs == 0; steps++) {
		cr_assert_gt(sk_timers_next(&wheel), now);
		cr_assert_lt(sk_timers_next(&wheel), SK_TIMERS_NEVER, "0x%llx", (unsigned long long)now);
		now = sk_timers_next(&wheel);
		tell(&wheel, now);
		cr_assert_lt(steps, 12u);
	}
	cr_assert_geq(now, SK_TIMERS_NEVER - TICK_NS, "early by a tick at most: there is none behind it");
}

Test(timers, one_in_the_past_expires_at_the_next_look)
{
	uint64_t now = UINT64_C(5000000000);
	noted n = { .runs = 0 };
	sk_timers_init(&wheel, now);
	tell(&wheel, now += 1000000000);
	set(&wheel, &n, 17);
	cr_assert_leq(sk_timers_next(&wheel), now);
	tell(&wheel, now);
	cr_assert_eq(n.runs, 1);
}

Test(timers, a_removed_one_does_not_expire)
{
	uint64_t now = 1000000;
	noted n[3] = { { .runs = 0 } };
	sk_timers_init(&wheel, now);
	cr_assert_not(sk_timers_remove(&n[0].timer), "it was never set");
	for (int i = 0; i < 3; i++)
		set(&wheel, &n[i], now + 10 * TICK_NS);
	cr_assert(sk_timers_remove(&n[1].timer));
	cr_assert_not(sk_timers_remove(&n[1].timer), "only once");
	tell(&wheel, now + 20 * TICK_NS);
	cr_assert_eq(n[0].runs + n[2].runs, 2);
	cr_assert_eq(n[1].runs, 0);
	cr_assert_not(sk_timers_remove(&n[0].timer), "it has expired");
	for (int i = 0; i < 3; i++)
		set(&wheel, &n[i], now + 40 * TICK_NS);
	for (int i = 0; i < 3; i++)
		cr_assert(sk_timers_remove(&n[i].timer));
	cr_assert_eq(sk_timers_next(&wheel), SK_TIMERS_NEVER, "the wheel is empty again");
}

/* Whether a list begins in the wheel is told by the address of what points at its first one. */
Test(timers, one_is_removed_behind_those_below_and_above_the_wheel)
{
	static struct {
		noted below;
		sk_timers wheel;
		noted above;
	} all;
	uint64_t now = 1000000;
	noted *const neighbours[] = { &all.below, &all.above };
	for (int i = 0; i < 2; i++) {
		noted n = { .runs = 0 };
		sk_timers_init(&all.wheel, now);
		set(&all.wheel, &n, now + 10 * TICK_NS);
		set(&all.wheel, neighbours[i], now + 10 * TICK_NS);
		cr_assert(sk_timers_remove(&n.timer));
		tell(&all.wheel, now + 20 * TICK_NS);
		cr_assert_eq(neighbours[i]->runs, 1);
		cr_assert_eq(n.runs, 0);
	}
}

Test(timers, only_an_earlier_one_is_told_as_the_earliest)
{
	uint64_t now = 0;
	noted n[3] = { { .runs = 0 } };
	sk_timers_init(&wheel, now);
	cr_assert(set(&wheel, &n[0], 50 * TICK_NS));
	cr_assert_not(set(&wheel, &n[1], 60 * TICK_NS));
	cr_assert(set(&wheel, &n[2], 40 * TICK_NS));
}

Test(timers, more_than_a_batch_may_expire_at_once)
{
	enum { MANY = 1000 };
	noted *n = calloc(MANY, sizeof *n);
	sk_timers_init(&wheel, 0);
	for (int i = 0; i < MANY; i++)
		set(&wheel, &n[i], 100 * TICK_NS);
	cr_assert_eq(tell(&wheel, 100 * TICK_NS), MANY);
	for (int i = 0; i < MANY; i++)
		cr_assert_eq(n[i].runs, 1);
	free(n);
}

/* Due ones and later ones from one slot of an upper level: the later ones move down, the due ones go first. */
Test(timers, a_full_batch_leaves_no_due_one_behind_a_later_one)
{
	enum { MANY = 1000 };
	noted *n = calloc(MANY, sizeof *n);
	sk_timers_init(&wheel, 0);
	for (int i = 0; i < MANY; i++)
		set(&wheel, &n[i], (i % 2 ? 130 : 128) * TICK_NS);
	cr_assert_eq(tell(&wheel, 128 * TICK_NS), MANY / 2);
	cr_assert_eq(tell(&wheel, 130 * TICK_NS), MANY / 2);
	free(n);
}

static uint64_t random64(sk_rng *rng)
{
	return (uint64_t)sk_rng_next(rng) << 32 | sk_rng_next(rng);
}

/* Thousands of them, set, removed and told of random times, beside the plain rule of when each has to run. */
static void random_life(uint64_t seed)
{
	enum { MANY = 2000, STEPS = 20000 };
	noted *n = calloc(MANY, sizeof *n);
	bool *is_set = calloc(MANY, sizeof *is_set);
	sk_rng rng;
	sk_rng_seed(&rng, seed);
	uint64_t now = random64(&rng) >> 8;
	sk_timers_init(&wheel, now);
	for (int step = 0; step < STEPS; step++) {
		size_t i = sk_rng_below(&rng, MANY);
		uint64_t ahead = (UINT64_C(1) << sk_rng_below(&rng, 44)) - 1;
		if (!is_set[i]) {
			n[i].runs = 0;
			set(&wheel, &n[i], now + (random64(&rng) & ahead));
			is_set[i] = true;
		} else if (sk_rng_next(&rng) % 4 == 0) {
			cr_assert(sk_timers_remove(&n[i].timer), "seed %llu", (unsigned long long)seed);
			is_set[i] = false;
		}
		if (step % 16)
			continue;
		now += random64(&rng) & ((UINT64_C(1) << sk_rng_below(&rng, 40)) - 1);
		tell(&wheel, now);
		uint64_t next = SK_TIMERS_NEVER;
		for (size_t k = 0; k < MANY; k++) {
			if (!is_set[k])
				continue;
			cr_assert_leq(n[k].runs, 1u);
			if (n[k].runs) {
				cr_assert_geq(n[k].ran_ns, n[k].at_ns, "early, seed %llu", (unsigned long long)seed);
				is_set[k] = false;
			} else {
				cr_assert_gt(n[k].at_ns + TICK_NS, now, "late, seed %llu", (unsigned long long)seed);
				next = n[k].at_ns < next ? n[k].at_ns : next;
			}
		}
		if (next != SK_TIMERS_NEVER)
			cr_assert_leq(sk_timers_next(&wheel), next + TICK_NS, "M2");
		else
			cr_assert_eq(sk_timers_next(&wheel), SK_TIMERS_NEVER);
	}
	free(n);
	free(is_set);
}

Test(timers, random_lives)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		random_life(seed);
}
