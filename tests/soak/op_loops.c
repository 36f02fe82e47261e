/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over ranges and planes: each index once, in pieces that the schedule allows; instances for each worker. */
#include "soak.h"

#include <stdlib.h>

typedef struct range {
	const soak_op *op;
	skua_loop how;
	size_t begin, end;
	unsigned char *marks;
	atomic_uint pieces;
} range;

/* Something small to do for an index; the row of op is only looked at. */
static void do_index(const soak_op *op, size_t i)
{
	uint64_t row = soak_mix(op->row, i);
	if (row % 97 == 0)
		(void)soak_work(row, row / 128 % SOAK_SCALED(8000, 500));
	if (row % 509 == 0)
		soak_nested(op, i);
}

/* Pieces begin at begin + k * grain. A static loop takes neither of both as more than parts and their edges. */
static void check_piece(const range *r, size_t begin, size_t end)
{
	size_t grain = r->how.grain ? r->how.grain : 1;
	SOAK_REQUIRE(r->begin <= begin && begin < end && end <= r->end, "piece %zu to %zu", begin, end);
	SOAK_REQUIRE((begin - r->begin) % grain == 0, "piece from %zu, grain %zu", begin, grain);
	if (r->how.schedule == SKUA_FIXED)
		SOAK_REQUIRE(end - begin == grain || end == r->end, "piece %zu to %zu, grain %zu", begin, end, grain);
	else
		SOAK_REQUIRE(end - begin >= grain || end == r->end, "piece %zu to %zu, grain %zu", begin, end, grain);
}

static void mark_piece(size_t begin, size_t end, void *arg)
{
	range *r = arg;
	check_piece(r, begin, end);
	atomic_fetch_add_explicit(&r->pieces, 1, memory_order_relaxed);
	for (size_t i = begin; i < end; i++) {
		r->marks[i - r->begin]++;
		do_index(r->op, i);
	}
}

void soak_op_loops(soak_op *op)
{
	static const skua_schedule schedules[] = { SKUA_ADAPTIVE, SKUA_STATIC, SKUA_FIXED };
	range r = { .op = op, .begin = soak_draw(op, 1000) };
	size_t count = soak_draw(op, op->size * 4);
	r.end = r.begin + count;
	r.how.schedule = schedules[soak_draw(op, 3)];
	r.how.grain = soak_chance(op, 2) ? soak_draw(op, 9) : 0;
	r.marks = soak_zeroed(count, 1);
	unsigned rounds = 1 + (unsigned)soak_draw(op, 3);
	bool is_plain = soak_chance(op, 3);
	if (is_plain)
		r.how = (skua_loop){ SKUA_ADAPTIVE, 0 };
	for (unsigned round = 1; round <= rounds; round++) {
		if (is_plain)
			skua_for(r.begin, r.end, mark_piece, &r);
		else
			skua_for_with(&r.how, r.begin, r.end, mark_piece, &r);
		for (size_t i = 0; i < count; i++)
			SOAK_REQUIRE(r.marks[i] == round, "index %zu was done %u times of %u", i, r.marks[i], round);
	}
	free(r.marks);
}

/* --- planes --- */

typedef struct plane {
	const soak_op *op;
	size_t rows, columns;
	unsigned char *marks;
} plane;

static void mark_rectangle(size_t row_begin, size_t row_end, size_t column_begin, size_t column_end, void *arg)
{
	plane *p = arg;
	SOAK_REQUIRE(row_end <= p->rows && column_end <= p->columns, "rectangle to %zu, %zu", row_end, column_end);
	for (size_t r = row_begin; r < row_end; r++) {
		for (size_t c = column_begin; c < column_end; c++) {
			p->marks[r * p->columns + c]++;
			do_index(p->op, r * p->columns + c);
		}
	}
}

void soak_op_plane(soak_op *op)
{
	plane p = { .op = op };
	p.rows = soak_draw(op, op->size / (soak_chance(op, 2) ? 1 : 16) + 1);
	p.columns = soak_draw(op, 4 * op->size / (p.rows + 1) + 2);
	p.marks = soak_zeroed(p.rows * p.columns, 1);
	skua_for_2d(p.rows, p.columns, mark_rectangle, &p);
	for (size_t i = 0; i < p.rows * p.columns; i++)
		SOAK_REQUIRE(p.marks[i] == 1, "cell %zu of %zu x %zu was done %u times", i, p.rows, p.columns,
		             p.marks[i]);
	free(p.marks);
}

/* --- instances for each worker; in a task, since nobody may stop the runtime meanwhile --- */

typedef struct histogram {
	skua_local *local;
	uint64_t row;
} histogram;

#define BINS 8u

static void begin_bins(void *instance, void *arg)
{
	for (unsigned i = 0; i < BINS; i++)
		((uint64_t *)instance)[i] = *(const uint64_t *)arg;
}

static void fill_bins(size_t begin, size_t end, void *arg)
{
	histogram *h = arg;
	uint64_t *bins = skua_local_mine(h->local);
	for (size_t i = begin; i < end; i++)
		bins[soak_mix(h->row, i) % BINS]++;
}

static void add_bins(void *instance, void *arg)
{
	for (unsigned i = 0; i < BINS; i++)
		((uint64_t *)arg)[i] += ((uint64_t *)instance)[i] - 1;
}

SKUA_TASK(void, use_local, soak_op *, op)
{
	uint64_t one = 1, sum[BINS] = { 0 }, expected[BINS] = { 0 };
	size_t count = soak_draw(op, op->size * 8);
	histogram h = { .row = soak_step(&op->row) };
	h.local = skua_local_create(sizeof sum, begin_bins, &one);
	SOAK_REQUIRE(h.local, "no memory");
	skua_for(0, count, fill_bins, &h);
	skua_local_each(h.local, add_bins, sum);
	skua_local_destroy(h.local);
	for (size_t i = 0; i < count; i++)
		expected[soak_mix(h.row, i) % BINS]++;
	for (unsigned i = 0; i < BINS; i++)
		SOAK_REQUIRE(sum[i] == expected[i], "bin %u has %" PRIu64 ", not %" PRIu64, i, sum[i], expected[i]);
}

void soak_op_local(soak_op *op)
{
	SKUA_RUN(use_local, op);
}
