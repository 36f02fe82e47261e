/* SPDX-License-Identifier: Apache-2.0 */
/* skua_for_2d: every cell exactly once, in rectangles. */
#include "crowd.h"
#include "started.h"

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
