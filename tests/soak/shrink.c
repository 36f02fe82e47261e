/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a plan that failed smaller, as long as it still fails: fewer kinds, fewer strands, fewer steps, fewer workers.
 * What is left out leaves the rest as it was (soak.h), so parts can be taken away one by one, first many together
 * (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 28, 2002). As schedules differ,
 * each candidate is run several times: the more, the rarer the failure was at first.
 */
#include "soak.h"

#include <stdio.h>

#define FAILURES_ENOUGH 10u

typedef struct search {
	soak_plan best; /* has failed */
	unsigned tries;
	uint64_t until_ns, patience_ns;
} search;

/* Runs it so often, or until it fails. Returns: how often until then; 0: it did not. */
static uint64_t run_until_failure(const soak_plan *plan, uint64_t tries, uint64_t until_ns, uint64_t patience_ns)
{
	soak_batch batch = { .plan = *plan,
		             .count = tries,
		             .until_ns = until_ns,
		             .repeats = true,
		             .is_quiet = true,
		             .patience_ns = patience_ns };
	soak_outcome outcome = soak_child_run(&batch);
	return outcome.failed ? outcome.episodes + 1 : 0;
}

/* Keeps the candidate if it fails. */
static bool try_smaller(search *s, soak_plan candidate)
{
	if (skua_now_ns() >= s->until_ns || run_until_failure(&candidate, s->tries, s->until_ns, s->patience_ns) == 0)
		return false;
	s->best = candidate;
	return true;
}

/* The lowest count bits of a mask. */
static uint64_t lowest_bits(uint64_t mask, unsigned count)
{
	uint64_t taken = 0;
	for (; count > 0 && mask; count--) {
		taken |= mask & (0 - mask);
		mask &= mask - 1;
	}
	return taken;
}

static soak_plan without(const soak_plan *plan, bool strands, uint64_t part)
{
	soak_plan candidate = *plan;
	if (strands)
		candidate.strands &= ~(unsigned)part;
	else
		candidate.kinds &= ~part;
	return candidate;
}

/* Parts of the kinds, or of the strands: half of them, a quarter, ... one. */
static void shrink_mask(search *s, bool strands)
{
	uint64_t all = strands ? s->best.strands : s->best.kinds;
	for (unsigned size = ((unsigned)__builtin_popcountll(all) + 1) / 2; size > 0; size /= 2) {
		uint64_t left = strands ? s->best.strands : s->best.kinds;
		while (left) {
			uint64_t part = lowest_bits(left, size);
			left &= ~part;
			try_smaller(s, without(&s->best, strands, part));
		}
	}
}

static void shrink_steps(search *s)
{
	unsigned low = s->best.first, high = s->best.end;
	while (low < high) {
		soak_plan candidate = s->best;
		candidate.end = low + (high - low) / 2;
		if (try_smaller(s, candidate))
			high = candidate.end;
		else
			low = candidate.end + 1;
	}
	low = s->best.first;
	high = s->best.end;
	while (low < high) {
		soak_plan candidate = s->best;
		candidate.first = high - (high - low) / 2;
		if (try_smaller(s, candidate))
			low = candidate.first;
		else
			high = candidate.first - 1;
	}
}

static void shrink_workers(search *s)
{
	static const unsigned counts[] = { 1, 2, 3, 4 };
	for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		soak_plan candidate = s->best;
		candidate.workers = counts[i];
		if (counts[i] < s->best.workers && try_smaller(s, candidate))
			return;
	}
}

static bool is_same(const soak_plan *a, const soak_plan *b)
{
	return a->kinds == b->kinds && a->strands == b->strands && a->first == b->first && a->end == b->end &&
	       a->workers == b->workers;
}

soak_plan soak_shrink(soak_plan plan, unsigned tries, uint64_t until_ns, uint64_t patience_ns)
{
	search s = { .best = plan, .until_ns = until_ns, .patience_ns = patience_ns };
	uint64_t now = skua_now_ns();
	if (now >= until_ns)
		return plan;
	uint64_t first = run_until_failure(&plan, UINT64_MAX, now + (until_ns - now) / 4, patience_ns);
	if (first == 0) {
		printf("that episode alone did not fail again in %" PRIu64 " tries\n",
		       (uint64_t)atomic_load(&soak_board_->episodes));
		return plan;
	}
	s.tries = first * 4 > tries ? (unsigned)(first * 4) : tries;
	if (s.best.workers == 0)
		s.best.workers = atomic_load(&soak_board_->workers);
	soak_plan before;
	do {
		before = s.best;
		shrink_mask(&s, false);
		shrink_mask(&s, true);
		shrink_steps(&s);
		shrink_workers(&s);
		printf("shrunk to %d kinds, %d strands, steps %u to %u, %u workers\n",
		       __builtin_popcountll(s.best.kinds), __builtin_popcount(s.best.strands), s.best.first, s.best.end,
		       s.best.workers);
		fflush(stdout);
	} while (!is_same(&before, &s.best) && skua_now_ns() < until_ns);
	return s.best;
}

unsigned soak_failures(const soak_plan *plan, uint64_t until_ns, uint64_t patience_ns, uint64_t *tried)
{
	unsigned failures = 0;
	*tried = 0;
	while (failures < FAILURES_ENOUGH && skua_now_ns() < until_ns) {
		uint64_t tries = run_until_failure(plan, UINT64_MAX, until_ns, patience_ns);
		failures += tries != 0;
		*tried += tries ? tries : atomic_load(&soak_board_->episodes);
	}
	return failures;
}
