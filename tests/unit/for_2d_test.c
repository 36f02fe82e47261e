/* SPDX-License-Identifier: Apache-2.0 */
/* skua_for_2d: every cell exactly once, in rectangles. */
#include "crowd.h"
#include "loop/pace.h"
#include "started.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <stdlib.h>

typedef struct sheet {
	SK_ATOMIC(uint32_t) * cells;
	size_t rows, columns;
	SK_ATOMIC(uint32_t) bad;
} sheet;

static void mark(size_t r0, size_t r1, size_t c0, size_t c1, void *arg)
{
	sheet *s = arg;
	if (r0 >= r1 || c0 >= c1 || r1 > s->rows || c1 > s->columns || skua_worker_index() < 0) {
		sk_add_relaxed(&s->bad, 1);
		return;
	}
	for (size_t r = r0; r < r1; r++)
		for (size_t c = c0; c < c1; c++)
			sk_add_relaxed(&s->cells[r * s->columns + c], 1);
}

static void check(size_t rows, size_t columns)
{
	sheet s = { calloc(rows * columns + 1, sizeof(s.cells[0])), rows, columns, SK_ATOMIC_INIT(0) };
	cr_assert(s.cells);
	for (int round = 1; round <= 3; round++) {
		skua_for_2d(rows, columns, mark, &s);
		cr_assert_eq(sk_load_relaxed(&s.bad), 0, "rectangles lie in the sheet and are not empty");
		for (size_t i = 0; i < rows * columns; i++)
			SURELY(sk_load_relaxed(&s.cells[i]) == (uint32_t)round, "%zu x %zu: cell %zu %u times", rows,
			       columns, i, sk_load_relaxed(&s.cells[i]));
	}
	free((void *)s.cells);
}

static void all_shapes(void)
{
	static const size_t sides[] = { 0, 1, 2, 3, 17, 100, 333 };
	for (size_t r = 0; r < sizeof(sides) / sizeof(sides[0]); r++)
		for (size_t c = 0; c < sizeof(sides) / sizeof(sides[0]); c++)
			check(sides[r], sides[c]);
	check(1, 20000);
	check(20000, 1);
}

Test(for_2d, every_cell_once_in_every_shape)
{
	with_workers(1, 4, all_shapes);
}

SKUA_TASK(void, inside, int, none)
{
	(void)none;
	check(50, 60);
}

Test(for_2d, inside_a_task)
{
	start(2, false);
	SKUA_RUN(inside, 0);
	skua_stop();
}

/* --- more cells than a number can hold --- */

static SK_ATOMIC(size_t) sum_of_areas;

static void adds_areas(size_t r0, size_t r1, size_t c0, size_t c1, void *arg)
{
	sheet *s = arg;
	if (r0 >= r1 || c0 >= c1 || r1 > s->rows || c1 > s->columns)
		sk_add_relaxed(&s->bad, 1);
	sk_add_relaxed(&sum_of_areas, (r1 - r0) * (c1 - c0)); /* of all: what is left of their number */
}

static void endless_sheets(void)
{
	static const size_t sides[][2] = { { SIZE_MAX, 1 },        { 1, SIZE_MAX },         { SIZE_MAX, 3 },
		                           { SIZE_MAX, SIZE_MAX }, { SIZE_MAX / 2 + 1, 2 }, { 5, SIZE_MAX - 2 } };
	for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
		sheet s = { NULL, sides[i][0], sides[i][1], SK_ATOMIC_INIT(0) };
		for (int round = 0; round < 3; round++) {
			sk_store_relaxed(&sum_of_areas, 0);
			skua_for_2d(s.rows, s.columns, adds_areas, &s);
			cr_assert_eq(sk_load_relaxed(&s.bad), 0, "%zu x %zu", s.rows, s.columns);
			cr_assert_eq(sk_load_relaxed(&sum_of_areas), s.rows * s.columns, "%zu x %zu", s.rows,
			             s.columns);
		}
	}
}

Test(for_2d, more_cells_than_can_be_counted)
{
	with_workers(1, 3, endless_sheets);
}

/* --- remembered loops --- */

static uint64_t heavy_ticks; /* 0: light */

static void light_or_heavy(size_t r0, size_t r1, size_t c0, size_t c1, void *arg)
{
	mark(r0, r1, c0, c1, arg);
	for (uint64_t begin = sk_clock_ticks(); heavy_ticks && sk_clock_ticks() - begin < heavy_ticks;)
		;
}

SKUA_TASK(unsigned, becomes_heavy, sheet *, s)
{
	const void *body = (const void *)light_or_heavy;
	uint64_t alone = sk_fiber_->worker->pool->alone_ticks;
	uint32_t loops = 0;
	heavy_ticks = 0;
	/* Others may have the core in between, and a loop then seems to take long. */
	do {
		skua_for_2d(s->rows, s->columns, light_or_heavy, s);
		loops++;
		SURELY(loops < 10000000, "it is never proven to be short");
	} while (!sk_pace_recall(body).proven || sk_pace_ticks(sk_pace_recall(body).pace, 9) > alone);
	heavy_ticks = 20 * alone;
	skua_for_2d(s->rows, s->columns, light_or_heavy, s);
	loops++;
	cr_assert_not(sk_pace_recall(body).trusted, "that was a mistake");
	return loops;
}

Test(for_2d, a_body_that_suddenly_takes_long_is_not_trusted_any_more)
{
	if (SK_EMULATED)
		cr_skip_test("in an emulator a short loop may vary by more than a memory of it allows");
	start(1, false);
	sheet s = { calloc(9, sizeof(s.cells[0])), 3, 3, SK_ATOMIC_INIT(0) };
	cr_assert(s.cells);
	uint32_t loops = SKUA_RUN(becomes_heavy, &s);
	cr_assert_eq(sk_load_relaxed(&s.bad), 0);
	for (unsigned i = 0; i < 9; i++)
		cr_assert_eq(sk_load_relaxed(&s.cells[i]), loops, "cell %u", i);
	free((void *)s.cells);
	skua_stop();
}
