/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiplies two matrices of size x size doubles with packed panels and a register-blocked inner loop: regular work
 * bound by arithmetic near what the processor can do, in tiles of about half a millisecond. It shows what a parallel
 * loop over a rectangle leaves of that speed.
 *
 *     panels of A: 6 rows each        panels of B: 8 columns each       tile of C: 96 x 96
 *     [k][row of the panel]           [k][column of the panel]
 *
 * The inner loop holds 6 x 8 elements of C in registers, or 12 x 16 of two panels each where there is AVX-512. The
 * depth is walked in steps that keep a tile's panels in the second-level cache.
 *
 * The elements are small integers, so that every sum is exact in whatever order it is added: a library's result has to
 * agree to the last bit as well.
 */
#include "problem.h"

#include "../../harness/isa.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "dgemm";

enum {
	TILE = 96,
	A_ROWS = 6,
	B_COLUMNS = 8,
	DEPTH_STEP = 256,
	ELEMENT_MOST = 512 /* of A and B: 2^18 * size is far below 2^53 */
};

_Static_assert(TILE % (2 * A_ROWS) == 0 && TILE % (2 * B_COLUMNS) == 0, "pairs of panels fill a tile");

static double *a;
static double *b;
static double *c;
static double *a_panels;
static double *b_panels;
static size_t side;
static size_t whole;  /* side rounded up to whole tiles */
static size_t stride; /* elements from one row to the next */

size_t dgemm_tiles(void)
{
	return whole / TILE;
}

size_t dgemm_panels(void)
{
	return whole / A_ROWS + whole / B_COLUMNS;
}

dgemm_matrices dgemm_whole(void)
{
	return (dgemm_matrices){ a, b, c, (int)side, (int)stride };
}

static void pack_a(size_t panel)
{
	const double *from = a + panel * A_ROWS * stride;
	double *to = a_panels + panel * A_ROWS * whole;
	for (size_t k = 0; k < whole; k++)
		for (size_t row = 0; row < A_ROWS; row++)
			to[k * A_ROWS + row] = from[row * stride + k];
}

static void pack_b(size_t panel)
{
	const double *from = b + panel * B_COLUMNS;
	double *to = b_panels + panel * B_COLUMNS * whole;
	for (size_t k = 0; k < whole; k++)
		memcpy(to + k * B_COLUMNS, from + k * stride, B_COLUMNS * sizeof(*to));
}

void dgemm_pack(size_t begin, size_t end, void *unused)
{
	(void)unused;
	size_t of_a = whole / A_ROWS;
	for (size_t panel = begin; panel < end; panel++) {
		if (panel < of_a)
			pack_a(panel);
		else
			pack_b(panel - of_a);
	}
}

/* Where an inner loop begins: panels a and b at some depth, and the element of C. */
typedef struct corner {
	const double *a;
	const double *b;
	double *c;
} corner;

/* Adds (or sets, if first) the product of a_count panels of A and b_count panels of B to a depth of count. */
static inline ISA_INLINE void inner(corner at, size_t count, bool first, const size_t a_count, const size_t b_count)
{
	isa_v8 sum[2 * A_ROWS][2];
	for (size_t row = 0; row < a_count * A_ROWS; row++)
		for (size_t panel = 0; panel < b_count; panel++)
			sum[row][panel] =
			        first ? (isa_v8){ 0 } : *(const isa_v8 *)(at.c + row * stride + panel * B_COLUMNS);
	for (size_t k = 0; k < count; k++) {
		isa_v8 right[2];
		for (size_t panel = 0; panel < b_count; panel++)
			right[panel] = *(const isa_v8 *)(at.b + panel * B_COLUMNS * whole + k * B_COLUMNS);
		for (size_t row = 0; row < a_count * A_ROWS; row++) {
			double left = at.a[row / A_ROWS * A_ROWS * whole + k * A_ROWS + row % A_ROWS];
			for (size_t panel = 0; panel < b_count; panel++)
				sum[row][panel] += left * right[panel];
		}
	}
	for (size_t row = 0; row < a_count * A_ROWS; row++)
		for (size_t panel = 0; panel < b_count; panel++)
			*(isa_v8 *)(at.c + row * stride + panel * B_COLUMNS) = sum[row][panel];
}

static inline ISA_INLINE void tile_body(size_t row, size_t column, const isa where)
{
	const size_t pair = where == ISA_AVX512 ? 2 : 1;
	for (size_t depth = 0; depth < whole; depth += DEPTH_STEP) {
		size_t count = whole - depth < DEPTH_STEP ? whole - depth : DEPTH_STEP;
		for (size_t j = column; j < column + TILE; j += pair * B_COLUMNS) {
			for (size_t i = row; i < row + TILE; i += pair * A_ROWS) {
				corner at = { a_panels + i * whole + depth * A_ROWS,
					      b_panels + j * whole + depth * B_COLUMNS, c + i * stride + j };
				inner(at, count, depth == 0, pair, pair);
			}
		}
	}
}

ISA_COPIES(tile, (size_t row, size_t column), (row, column, isa_here))

void dgemm_multiply(size_t row_begin, size_t row_end, size_t column_begin, size_t column_end, void *unused)
{
	(void)unused;
	for (size_t row = row_begin; row < row_end; row++)
		for (size_t column = column_begin; column < column_end; column++)
			tile(row * TILE, column * TILE);
}

/* Small integers inside of the matrix, zeros in what rounds it up. */
static void fill(double *matrix, uint64_t state)
{
	for (size_t row = 0; row < side; row++) {
		for (size_t column = 0; column < side; column++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			matrix[row * stride + column] = (double)(state >> 54) - ELEMENT_MOST;
		}
	}
}

static double *matrix(size_t count)
{
	double *memory = kernel_memory(count, sizeof(*memory));
	memset(memory, 0, count * sizeof(double));
	return memory;
}

void kernel_setup(const kernel_params *params)
{
	if (!a) {
		if (params->size < 1 || params->size > 20000)
			kernel_fail("size %ld is not from 1 to 20000", params->size);
		side = (size_t)params->size;
		whole = (side + TILE - 1) / TILE * TILE;
		stride = whole + 8; /* an odd number of cache lines, so that rows do not share cache sets */
		a = matrix(whole * stride);
		b = matrix(whole * stride);
		c = matrix(whole * stride);
		a_panels = matrix(whole * whole);
		b_panels = matrix(whole * whole);
		fill(a, 1);
		fill(b, 2);
		tile_choose();
	}
	memset(c, 0xff, whole * stride * sizeof(*c)); /* no number */
}

/* out = matrix in */
static void apply(const double *m, const double *in, double *out)
{
	for (size_t row = 0; row < side; row++) {
		out[row] = 0;
		for (size_t column = 0; column < side; column++)
			out[row] += m[row * stride + column] * in[column];
	}
}

/* Compares C x with A (B x) for x of -1, 0 and 1: exact as well. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	double *x = malloc(4 * side * sizeof(*x));
	uint64_t hash = 0;
	(void)params;
	(void)result;
	if (!x)
		kernel_fail("no memory for the check");
	double *direct = x + side;
	double *bx = x + 2 * side;
	double *abx = x + 3 * side;
	for (size_t i = 0; i < side; i++)
		x[i] = (double)(i * i % 7 % 3) - 1;
	apply(c, x, direct);
	apply(b, x, bx);
	apply(a, bx, abx);
	for (size_t row = 0; row < side; row++) {
		if (!(fabs(direct[row] - abx[row]) <= 0))
			kernel_fail("row %zu of the product is wrong", row);
		hash = hash * 31 + kernel_hash(c + row * stride, side * sizeof(*c));
	}
	free(x);
	return hash;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
