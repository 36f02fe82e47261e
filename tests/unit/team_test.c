/* SPDX-License-Identifier: Apache-2.0 */
/* Teams: each part of a span is run once, whichever worker the span has come to, and by its own worker as a rule. */
#include "loop/team.h"

#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>

#define MOST 8u

typedef struct parts {
	sk_team team; /* first: a part gets its address */
	crowd_counter times[MOST];
	crowd_counter ran_by[MOST]; /* the worker */
	bool meet;                  /* a part ends when all have begun */
	unsigned count;
	crowd_counter here;
} parts;

SKUA_TASK(void, one_part, const sk_team *, team, unsigned, part)
{
	parts *all = (parts *)(uintptr_t)(const void *)team; /* NOLINT: it is not const */
	sk_add_relaxed(&all->times[part], 1);
	sk_store_relaxed(&all->ran_by[part], (uint32_t)skua_worker_index());
	sk_add_acq_rel(&all->here, 1);
	while (all->meet && sk_load_acquire(&all->here) < all->count)
		sched_yield();
	(void)sk_fiber_;
}

SKUA_TASK(void, run_span, bool, whole, unsigned, from, unsigned, to)
{
	parts all = { .team = { one_part_sk_body, whole }, .meet = false };
	SKUA_CALL(sk_team_run, &all.team, from, to);
	for (unsigned i = 0; i < MOST; i++)
		SURELY(sk_load_relaxed(&all.times[i]) == (i >= from && i < to), "[%u, %u): part %u", from, to, i);
}

static crowd_counter here;

/* Runs all spans there are, also those in which the own worker is not. */
SKUA_TASK(uint64_t, run_spans, unsigned, count)
{
	uint64_t me = UINT64_C(1) << skua_worker_index();
	sk_add_acq_rel(&here, 1);
	while (sk_load_acquire(&here) < count)
		sched_yield(); /* so that each worker has one */
	for (unsigned from = 0; from < count; from++)
		for (unsigned to = from + 1; to <= count; to++) {
			SKUA_CALL(run_span, false, from, to);
			SKUA_CALL(run_span, true, from, to);
		}
	return me;
}

SKUA_TASK(uint64_t, run_spans_everywhere, unsigned, count)
{
	uint64_t seen = 0;
	for (unsigned i = 1; i < count; i++)
		SKUA_SPAWN(run_spans, count);
	seen |= SKUA_CALL(run_spans, count);
	for (unsigned i = 1; i < count; i++)
		seen |= SKUA_SYNC(run_spans);
	return seen;
}

static void all_spans(void)
{
	unsigned count = skua_workers();
	for (int round = 0; round < 5; round++) {
		sk_store_release(&here, 0);
		uint64_t seen = SKUA_RUN(run_spans_everywhere, count);
		cr_assert_eq(seen, (UINT64_C(1) << count) - 1, "not on each worker");
	}
}

Test(team, each_part_of_any_span_is_run_once_from_any_worker)
{
	with_workers(1, 5, all_spans);
}

SKUA_TASK(void, run_meeting, parts *, all)
{
	SKUA_CALL(sk_team_run, &all->team, 0, all->count);
}

/* While all parts meet nobody can have two, and a letter goes to the worker whose number the part has. */
static void parts_meet(void)
{
	unsigned rounds = CROWD_ROUNDS(100), at_home = 0;
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t seen = 0;
		parts all = { .team = { one_part_sk_body, round % 2 }, .meet = true, .count = skua_workers() };
		SKUA_RUN(run_meeting, &all);
		for (unsigned i = 0; i < all.count; i++) {
			uint32_t worker = sk_load_relaxed(&all.ran_by[i]);
			seen |= UINT64_C(1) << worker;
			at_home += worker == i;
		}
		SURELY(seen == (UINT64_C(1) << all.count) - 1, "round %u: the workers were 0x%x", round,
		       (unsigned)seen);
	}
	cr_assert_gt(at_home, 0u);
}

Test(team, parts_that_wait_for_each_other_are_brought_to_all_workers)
{
	with_workers(1, 4, parts_meet);
}

Test(team, parts_of_a_loop_differ_by_one_unit_at_most_and_leave_none_out)
{
	for (size_t units = 0; units < 40; units++)
		for (unsigned count = 1; count < 9; count++) {
			cr_assert_eq(sk_team_part_begin(units, count, 0), 0);
			cr_assert_eq(sk_team_part_begin(units, count, count), units);
			for (unsigned i = 0; i < count; i++) {
				size_t length = sk_team_part_begin(units, count, i + 1) -
				                sk_team_part_begin(units, count, i);
				SURELY(length == units / count || length == units / count + 1, "%zu of %zu", length,
				       units);
			}
		}
	cr_assert_eq(sk_team_part_begin(SIZE_MAX, 7, 7), SIZE_MAX);
}
