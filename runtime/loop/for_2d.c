/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_for_2d (skua/loop.h): as loop/range.h, over rectangles. A unit is one cell; a rectangle is halved across its
 * longer side until its cells last about as long as a piece should, but a row is only cut when it alone is too long, or
 * longer than there are rows.
 *
 * Call from: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
#include "loop/pace.h"
#include "loop/team.h"
#include "sched/join.h"
#include "sched/pool.h"
#include "sys/clock.h"

#include <skua/loop.h>
#include <skua/task.h>

typedef struct plane {
	skua_for_2d_body body;
	void *arg;
} plane;

typedef struct box {
	size_t row, row_end, column, column_end;
} box;

/* Not more than there are: a product that overflows is only a very long loop. */
static size_t cells(box b)
{
	size_t rows = b.row_end - b.row, columns = b.column_end - b.column;
	return columns && rows > SIZE_MAX / 4 / columns ? SIZE_MAX / 4 : rows * columns;
}

/* Halves a box; the first half, the longer one, stays in it. */
static box halve(box *b)
{
	box far = *b;
	size_t rows = b->row_end - b->row, columns = b->column_end - b->column;
	if (rows > 1 && rows >= columns / 8) /* full rows while they are short: the inner loop likes them long */
		far.row = b->row_end = b->row_end - rows / 2;
	else
		far.column = b->column_end = b->column_end - columns / 2;
	return far;
}

/* Returns the ticks that it took. */
static uint64_t run_leaf(const plane *p, sk_runner *runner, box b)
{
	uint64_t from = sk_clock_ticks();
	p->body(b.row, b.row_end, b.column, b.column_end, p->arg);
	uint64_t ticks = sk_pace_between(from, sk_clock_ticks());
	sk_runner_note(runner, cells(b), ticks);
	return ticks;
}

SKUA_TASK(void, part, const plane *, p, box, b, sk_runner *, given)
{
	sk_runner own, *runner = given;
	if (given->fiber != sk_fiber_) { /* stolen */
		sk_runner_copy(&own, given, sk_fiber_);
		runner = &own;
	}
	unsigned spawned = 0;
	for (size_t most = sk_runner_units(runner); cells(b) > most; spawned++) {
		box far = halve(&b);
		SKUA_SPAWN(part, p, far, runner);
	}
	run_leaf(p, runner, b);
	while (spawned-- > 0)
		SKUA_SYNC(part);
}

/* A band of rows for each worker. */
typedef struct bands {
	sk_team team; /* first: a part gets its address */
	const plane *p;
	sk_runner *runner; /* of who began the loop */
	box all;
	unsigned count;
} bands;

SKUA_TASK(void, band, const sk_team *, team, unsigned, index)
{
	const bands *bands_ = (const bands *)(const void *)team;
	sk_runner own, *runner = sk_runner_of(sk_fiber_, bands_->runner, &own);
	box b = bands_->all;
	size_t rows = b.row_end - b.row;
	b.row_end = b.row + sk_team_part_begin(rows, bands_->count, index + 1);
	b.row += sk_team_part_begin(rows, bands_->count, index);
	/* First some rows, then the rest is cut up; see loop/range.c. */
	box first = b;
	size_t columns = b.column_end - b.column, count = sk_runner_units(runner) / columns;
	first.row_end = b.row = b.row + sk_min(sk_max(count, 1), b.row_end - b.row);
	SKUA_CALL(part, bands_->p, first, runner);
	if (b.row == b.row_end)
		return;
	sk_join_settle(sk_fiber_);
	SKUA_CALL(part, bands_->p, b, runner);
}

SKUA_TASK(void, whole, const plane *, p, box, b)
{
	sk_pace_memory memory = sk_pace_recall((const void *)p->body);
	sk_runner runner;
	uint64_t target = sk_fiber_->worker->pool->leaf_ticks;
	sk_runner_init(&runner, sk_fiber_, target, memory.pace ? sk_pace_units(memory.pace, target / 4) : 1);
	/* A rectangle is not shared at all only where that has been right many times. */
	uint64_t expected = sk_pace_ticks(memory.pace, cells(b)), alone = sk_fiber_->worker->pool->alone_ticks;
	bool is_shared = !memory.proven || expected > alone;
	bands all = { { band_sk_body, false }, p, &runner, b, sk_fiber_->worker->pool->worker_count };
	if (is_shared && all.count > 1 && b.row_end - b.row >= all.count)
		SKUA_CALL(sk_team_run, &all.team, 0, all.count);
	else if (is_shared)
		SKUA_CALL(part, p, b, &runner);
	else if (run_leaf(p, &runner, b) > SK_PACE_MISTAKE * expected + alone)
		sk_pace_blame((const void *)p->body);
	sk_pace_note((const void *)p->body, sk_runner_pace(&runner));
}

void skua_for_2d(size_t rows, size_t columns, skua_for_2d_body body, void *arg)
{
	plane p = { body, arg };
	if (rows && columns)
		SKUA_RUN(whole, &p, ((box){ 0, rows, 0, columns }));
}
