/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges in pieces; see range.h. */
#include "loop/range.h"

#include "base/check.h"
#include "loop/team.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <skua/task.h>
#include <stdlib.h>
#include <string.h>

/* Handed back by a thief that has no memory for a partial result: the spawner has to run the piece. */
#define NOT_DONE ((void *)1)

/* A short loop is cut into so many leaves for each worker. */
#define PIECES_PER_WORKER 4u
/* A share of more leaves of the full length is always cut up. */
#define WHOLE_LEAVES_MAX 16u

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
		size_t middle = end - (end - begin) / 2; /* the near half is the longer one; nothing overflows */
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

/*
 * A share of the range for each worker. Its first leaf is run before the rest is cut up: meanwhile the letters reach
 * the others, who count as hungry until then, and would be given pieces of the wrong share.
 */
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
	size_t begin = all->begin + sk_team_part_begin(units, all->count, part);
	size_t end = all->begin + sk_team_part_begin(units, all->count, part + 1);
	size_t first = team->whole ? end - begin : sk_min(leaf_units(all->range, runner), end - begin);
	run_leaf(all->range, runner, begin, begin + first);
	if (begin + first == end)
		return;
	sk_join_settle(sk_fiber_);
	SKUA_CALL(piece, all->range, begin + first, end, runner);
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

/* In which ways might a loop of that length be run best? It is known well, and there are others who are awake. */
static unsigned ways(const sk_range *range, uint64_t ticks, const sk_pool *pool)
{
	unsigned allowed = 1u << SK_WAY_DIVIDED;
	if (is_short(ticks, pool))
		allowed |= 1u << SK_WAY_ALONE;
	if (!range->bytes && range->units >= pool->worker_count &&
	    ticks / pool->worker_count <= WHOLE_LEAVES_MAX * pool->leaf_ticks)
		allowed |= 1u << SK_WAY_WHOLE;
	return allowed;
}

/* How the loop is to be run. is_choice: how long it takes is to be noted. */
static enum sk_way way_of(const sk_range *range, const sk_pace_memory *memory, const sk_worker *worker, bool *is_choice)
{
	const sk_pool *pool = worker->pool;
	*is_choice = false;
	if (!memory->trusted || range->by_unit)
		return SK_WAY_DIVIDED;
	uint64_t ticks = sk_pace_ticks(memory->pace, range->units);
	if (ticks <= pool->alone_ticks)
		return SK_WAY_ALONE;
	if (pool->worker_count == 1)
		return SK_WAY_DIVIDED;
	if (!sk_team_is_awake(worker)) {
		uint64_t enough = pool->wake_worth_ticks;
		return ticks < enough && sk_pace_put_off(ticks, enough) ? SK_WAY_ALONE : SK_WAY_DIVIDED;
	}
	unsigned allowed = ways(range, ticks, pool);
	*is_choice = allowed != 1u << SK_WAY_DIVIDED;
	return *is_choice ? sk_pace_way(range->body, allowed) : SK_WAY_DIVIDED;
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
	return sk_min(sk_max(share, sk_max(pool->least_leaf_ticks, pool->alone_ticks)), pool->leaf_ticks);
}

/* Shares what is left from begin on. */
SKUA_TASK(void, rest, sk_range *, range, size_t, begin, sk_runner *, runner, enum sk_way, way)
{
	unsigned count = sk_fiber_->worker->pool->worker_count;
	shares all = { { share_sk_body, way == SK_WAY_WHOLE }, range, runner, begin, range->units, count };
	if (range->bytes || count == 1 || range->units - begin < count)
		SKUA_CALL(piece, range, begin, range->units, runner);
	else
		SKUA_CALL(sk_team_run, &all.team, 0, count);
}

SKUA_TASK(void, whole, sk_range *, range)
{
	sk_pool *pool = sk_fiber_->worker->pool;
	sk_pace_memory memory = sk_pace_recall(range->body);
	uint64_t target = leaf_target(range, memory.pace, pool);
	sk_runner runner;
	sk_runner_init(&runner, sk_fiber_, target, memory.pace ? sk_pace_units(memory.pace, target) : 1);
	runner.partial = range->total;
	bool is_choice;
	enum sk_way way = way_of(range, &memory, sk_fiber_->worker, &is_choice);
	uint64_t from = sk_clock_ticks();
	size_t begin = way == SK_WAY_ALONE ? run_alone(range, &runner, &memory, pool) : 0;
	if (begin < range->units)
		SKUA_CALL(rest, range, begin, &runner, way);
	if (is_choice) {
		uint64_t ticks = sk_pace_between(from, sk_clock_ticks());
		sk_pace_note_way(range->body, way, sk_pace_of(ticks, range->units));
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
