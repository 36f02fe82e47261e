/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that the program must find and make small, and the test that it does. Each shows itself every other time only,
 * as races do.
 *
 *     wrong   a sort that comes after a semaphore in the same strand. Least: these two kinds, one strand that begins
 *             with the one and ends with the other, 1 worker
 *     hang    an event while another strand has done one. Least: one kind, two strands, 1 worker
 *     crash   a scan with more than one worker. Least: one kind, one strand, one step, 2 workers
 */
#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t events_seed; /* of the episode in which a strand has done an event, and the strand */
static _Atomic unsigned events_strand;

static bool every_other_time(void)
{
	return skua_now_ns() / 1000 % 2 == 0;
}

static void look_for_wrong(const soak_op *op, enum soak_kind kind)
{
	if (kind == SOAK_sort && op->strand->done >> SOAK_semaphore & 1 && every_other_time())
		SOAK_REQUIRE(false, "planted");
}

static void look_for_hang(const soak_op *op, enum soak_kind kind)
{
	static skua_event never = SKUA_EVENT_INIT;
	if (kind != SOAK_event)
		return;
	uint64_t seed = atomic_exchange(&events_seed, op->plan->seed);
	unsigned strand = atomic_exchange(&events_strand, op->strand->index);
	if (seed == op->plan->seed && strand != op->strand->index && every_other_time())
		(void)skua_event_wait(&never);
}

static void look_for_crash(enum soak_kind kind)
{
	/* No bad address: of two at once ThreadSanitizer's handler makes a hang, now and then. */
	if (kind == SOAK_scan && skua_workers() > 1 && every_other_time())
		__builtin_trap();
}

void soak_plant_begin(void)
{
	atomic_store(&events_seed, 0);
}

void soak_plant_look(const soak_op *op, enum soak_kind kind)
{
	switch (op->plan->plant) {
	case SOAK_PLANT_WRONG:
		look_for_wrong(op, kind);
		break;
	case SOAK_PLANT_HANG:
		look_for_hang(op, kind);
		break;
	case SOAK_PLANT_CRASH:
		look_for_crash(kind);
		break;
	default:
		break;
	}
	op->strand->done |= UINT64_C(1) << kind;
}

static const char *const plant_names[SOAK_PLANTS] = { "none", "wrong", "hang", "crash" };

const char *soak_plant_name(enum soak_plant plant)
{
	return plant_names[plant];
}

enum soak_plant soak_plant_by_name(const char *name)
{
	for (unsigned i = 1; i < SOAK_PLANTS; i++)
		if (strcmp(plant_names[i], name) == 0)
			return (enum soak_plant)i;
	return SOAK_PLANT_NONE;
}

/* --- the test --- */

static unsigned bits(uint64_t mask)
{
	return (unsigned)__builtin_popcountll(mask);
}

static enum soak_kind kind_at(const soak_plan *plan, unsigned step)
{
	return soak_kind_at(plan->seed, (unsigned)__builtin_ctz(plan->strands), step);
}

static bool is_least(const soak_plan *plan)
{
	uint64_t sort = UINT64_C(1) << SOAK_sort, semaphore = UINT64_C(1) << SOAK_semaphore;
	switch (plan->plant) {
	case SOAK_PLANT_WRONG:
		return plan->kinds == (sort | semaphore) && bits(plan->strands) == 1 && plan->workers == 1 &&
		       kind_at(plan, plan->first) == SOAK_semaphore && kind_at(plan, plan->end - 1) == SOAK_sort;
	case SOAK_PLANT_HANG:
		return plan->kinds == UINT64_C(1) << SOAK_event && bits(plan->strands) == 2 && plan->workers == 1;
	default:
		return plan->kinds == UINT64_C(1) << SOAK_scan && bits(plan->strands) == 1 && plan->workers == 2 &&
		       plan->end - plan->first == 1;
	}
}

#define TRIES 24u
#define SECOND UINT64_C(1000000000)

static bool finds(enum soak_plant plant, uint64_t seed)
{
	/* Kinds that are quick, so that the test is; a strand sleeps sometimes, which is not a hang. */
	uint64_t kinds = 0;
	static const enum soak_kind quick[] = { SOAK_sort, SOAK_semaphore, SOAK_event, SOAK_scan,
		                                SOAK_once, SOAK_trees,     SOAK_key,   SOAK_reduce };
	for (size_t i = 0; i < sizeof quick / sizeof quick[0]; i++)
		kinds |= UINT64_C(1) << quick[i];
	soak_batch batch = { .run_seed = seed,
		             .count = 2000,
		             .until_ns = skua_now_ns() + 120 * SECOND,
		             .is_quiet = true,
		             .patience_ns = SOAK_SCALED(2, 8) * SECOND };
	batch.plan = (soak_plan){ .kinds = kinds, .strands = SOAK_ALL_STRANDS, .end = SOAK_STEPS_MAX, .plant = plant };
	soak_outcome found = soak_child_run(&batch);
	printf("%s: ", plant_names[plant]);
	if (!found.failed) {
		puts("not found");
		return false;
	}
	if (found.is_hang != (plant == SOAK_PLANT_HANG)) {
		puts("something else was found");
		soak_outcome_print(&found);
		return false;
	}
	printf("found after %" PRIu64 " episodes\n", found.episodes);
	batch.plan.seed = found.seed;
	soak_plan least = soak_shrink(batch.plan, TRIES, skua_now_ns() + 300 * SECOND, batch.patience_ns);
	soak_plan_print(&least);
	if (!is_least(&least)) {
		puts("that is not the smallest one");
		return false;
	}
	return true;
}

int soak_self_test(uint64_t seed)
{
	int status = EXIT_SUCCESS;
	for (enum soak_plant plant = SOAK_PLANT_WRONG; plant < SOAK_PLANTS; plant++)
		if (!finds(plant, seed))
			status = EXIT_FAILURE;
	return status;
}
