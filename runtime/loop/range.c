/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges in pieces; see range.h. */
#include "loop/range.h"

#include "base/check.h"
#include "loop/team.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <skua/task.h>
#include <stdlib.h>
#include <string.h>

/* Handed back by a thief that has no memory for a partial result: the spawner has to run the piece. */
#define NOT_DONE ((void *)1)

/* A short loop is cut into so many leaves for each worker. */
#define PIECES_PER_WORKER 4u

/* One leaf, with the clock. */
static void run_leaf(const sk_range *range, sk_runner *runner, size_t begin, size_t end)
{
	if (range->by_unit) {
		range->leaf(range, runner->partial, begin, end);
		return;
	}
	uint64_t from = sk_clock_ticks();
	range->leaf(range, runner->partial, begin, end);
	sk_runner_note(runner, end - begin, sk_pace_between(from, sk_clock_ticks()));
}

static size_t leaf_units(const sk_range *range, const sk_runner *runner)
{
	return range->by_unit ? 1 : sk_runner_units(runner);
}

static bool join(const sk_range *range, sk_runner *runner, void *partial)
{
	if (!partial)
		return true;
	if (partial == NOT_DONE)
		return false;
	range->combine(runner->partial, partial, range->arg);
	free(partial);
	return true;
}

static void *new_partial(const sk_range *range)
{
	void *partial = malloc(range->bytes);
	if (partial)
		memcpy(partial, range->identity, range->bytes);
	return partial;
}

/*
 * A piece. Returns the partial result, if it is not the runner's; or NOT_DONE.
 * Where the far pieces begin is kept, in case that one comes back undone: at most one for each halving.
 */
SKUA_TASK(void *, piece, const sk_range *, range, size_t, begin, size_t, end, sk_runner *, given)
{
	sk_runner own, *runner = given;
	if (given->fiber != sk_fiber_) { /* L2: stolen */
		sk_runner_copy(&own, given, sk_fiber_);
		runner = &own;
		if (range->bytes && !(own.partial = new_partial(range)))
			return NOT_DONE;
	}
	struct {
		size_t begin, end;
	} far[8 * sizeof(size_t)];
	unsigned spawned = 0;
	for (size_t most = leaf_units(range, runner); end - begin > most;) {
		size_t middle = begin + (end - begin + 1) / 2;
		far[spawned].begin = middle;
		far[spawned].end = end;
		SKUA_SPAWN(piece, range, middle, end, runner);
		spawned++;
		end = middle;
	}
	run_leaf(range, runner, begin, end);
	while (spawned-- > 0)
		if (!join(range, runner, SKUA_SYNC(piece)))
			SKUA_CALL(piece, range, far[spawned].begin, far[spawned].end, runner);
	return runner == given ? NULL : runner->partial;
}

/* A share of the range for each worker. */
typedef struct shares {
	sk_team team; /* first: a part gets its address */
	const sk_range *range;
	sk_runner *runner; /* of who began the loop */
	size_t begin, end;
	unsigned count;
} shares;

SKUA_TASK(void, share, const sk_team *, team, unsigned, part)
{
	const shares *all = (const shares *)(const void *)team;
	sk_runner own, *runner = sk_runner_of(sk_fiber_, all->runner, &own);
	size_t units = all->end - all->begin;
	SKUA_CALL(piece, all->range, all->begin + sk_team_part_begin(units, all->count, part),
	          all->begin + sk_team_part_begin(units, all->count, part + 1), runner);
}

/*
 * Runs units without offering them to anybody, as long as they take about what the memory says. Returns the first unit
 * that is not done.
 */
static size_t run_alone(sk_range *range, sk_runner *runner, const sk_pace_memory *memory, const sk_pool *pool)
{
	size_t step = memory->proven ? range->units : sk_max(range->units / 8, 1);
	size_t most = sk_pace_units(memory->pace, 4 * pool->alone_ticks);
	for (size_t begin = 0; begin < range->units; step = range->units) {
		size_t count = sk_min(sk_min(step, most), range->units - begin);
		uint64_t from = sk_clock_ticks();
		range->leaf(range, runner->partial, begin, begin + count);
		uint64_t ticks = sk_pace_between(from, sk_clock_ticks());
		sk_runner_note(runner, count, ticks);
		begin += count;
		if (ticks > SK_PACE_MISTAKE * sk_pace_ticks(memory->pace, count) + pool->alone_ticks) {
			sk_pace_blame(range->body);
			return begin;
		}
	}
	return range->units;
}

/* So short that what sharing costs may eat up the gain. */
static bool is_short(uint64_t ticks, const sk_pool *pool)
{
	return ticks <= 8 * pool->alone_ticks;
}

/* Is the loop so short that to share it costs more than it gains? */
static bool better_alone(const sk_range *range, const sk_pace_memory *memory, sk_pool *pool)
{
	if (!memory->trusted || range->by_unit)
		return false;
	uint64_t ticks = sk_pace_ticks(memory->pace, range->units);
	if (ticks <= pool->alone_ticks)
		return true;
	if (ticks >= pool->wake_worth_ticks || pool->worker_count == 1)
		return false;
	if (sk_idle_searching(&pool->idle) > 0)
		return memory->alone && is_short(ticks, pool);
	return sk_pace_put_off(ticks, pool->wake_worth_ticks);
}

/*
 * How long a leaf should be: shorter in short loops, so that there is something to share to the end; but not shorter
 * than what it takes to steal one from a busy worker.
 */
static uint64_t leaf_target(const sk_range *range, sk_pace pace, const sk_pool *pool)
{
	if (!pace || pool->worker_count == 1)
		return pool->leaf_ticks;
	uint64_t share = sk_pace_ticks(pace, range->units) / (PIECES_PER_WORKER * pool->worker_count);
	return sk_min(sk_max(share, pool->least_leaf_ticks), pool->leaf_ticks);
}

SKUA_TASK(void, whole, sk_range *, range)
{
	sk_pool *pool = sk_fiber_->worker->pool;
	sk_pace_memory memory = sk_pace_recall(range->body);
	uint64_t target = leaf_target(range, memory.pace, pool);
	sk_runner runner;
	sk_runner_init(&runner, sk_fiber_, target, memory.pace ? sk_pace_units(memory.pace, target) : 1);
	runner.partial = range->total;
	size_t begin = 0;
	if (better_alone(range, &memory, pool))
		begin = run_alone(range, &runner, &memory, pool);
	if (begin == range->units) {
		sk_pace_note_whole(range->body, sk_runner_pace(&runner), false);
	} else {
		shares all = { { share_sk_body }, range, &runner, begin, range->units, pool->worker_count };
		/* Is this a try whether sharing pays? Without anybody awake it would say what a wake-up costs. */
		bool is_try = begin == 0 && memory.trusted && sk_idle_searching(&pool->idle) > 0 &&
		              is_short(sk_pace_ticks(memory.pace, range->units), pool);
		uint64_t from = sk_clock_ticks();
		if (range->bytes || all.count == 1 || all.end - all.begin < all.count)
			SKUA_CALL(piece, range, begin, range->units, &runner);
		else
			SKUA_CALL(sk_team_run, &all.team, 0, all.count);
		if (is_try) {
			uint64_t ticks = sk_pace_between(from, sk_clock_ticks());
			sk_pace_note_whole(range->body, sk_pace_of(ticks, range->units), true);
		}
	}
	if (!range->by_unit)
		sk_pace_note(range->body, sk_runner_pace(&runner));
}

void sk_range_run(sk_range *range, void *total)
{
	range->total = total;
	if (range->units)
		SKUA_RUN(whole, range);
}
