/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Factors a matrix of size x size doubles (rounded up to whole panels) with partial pivoting: a long chain of factors,
 * each of which sets free many updates of some 100 microseconds. It shows whether the chain is kept going while there
 * is other work.
 *
 * A panel is 32 columns wide, one row after the other:
 *
 *     panel k, below row 32 k:      L, its unit diagonal not stored
 *     panel j > k, rows 32 k ...    first exchanged as panel k's pivots say, then 32 rows of U, then the rest
 */
#include "problem.h"

#include "../../harness/isa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "lu";

enum {
	WIDTH = 32,
	VECTOR = 8
};

typedef double line[WIDTH];

static line *input;
static line *factors;
static int *pivot; /* row i was exchanged with row pivot[i] >= i */
static char *waits;
static char *marks;
static size_t side;
static int panels;

int lu_panels(void)
{
	return panels;
}

char *lu_mark(int panel)
{
	return &marks[panel];
}

static line *panel_of(line *matrix, int k)
{
	return matrix + (size_t)k * side;
}

static char *waits_of(int k, int j)
{
	return &waits[k * panels + j];
}

int lu_release(int k, int j)
{
	/* Acquire and release: whoever sets the update free has seen both things that it needs. */
	return __atomic_sub_fetch(waits_of(k, j), 1, __ATOMIC_ACQ_REL) == 0;
}

static void exchange(line *panel, size_t row, size_t other)
{
	line kept;
	if (row == other)
		return;
	memcpy(kept, panel[row], sizeof(kept));
	memcpy(panel[row], panel[other], sizeof(kept));
	memcpy(panel[other], kept, sizeof(kept));
}

/* One sweep for each column: eliminates it and looks for the largest element of the next one on the way. */
void lu_factor(int k)
{
	line *panel = panel_of(factors, k);
	size_t top = (size_t)k * WIDTH;
	size_t largest = top;
	for (size_t row = top; row < side; row++)
		if (fabs(panel[row][0]) > fabs(panel[largest][0]))
			largest = row;
	for (size_t column = 0; column < WIDTH; column++) {
		size_t diagonal = top + column;
		pivot[diagonal] = (int)largest;
		exchange(panel, diagonal, largest);
		const double *chosen = panel[diagonal];
		double most = -1;
		for (size_t row = diagonal + 1; row < side; row++) {
			double *to = panel[row];
			double factor = to[column] /= chosen[column];
			for (size_t right = column + 1; right < WIDTH; right++)
				to[right] -= factor * chosen[right];
			if (column + 1 < WIDTH && fabs(to[column + 1]) > most) {
				most = fabs(to[column + 1]);
				largest = row;
			}
		}
	}
}

/* The rows of U: solves with the unit lower triangle of panel k. */
static void solve(const line *l, line *u)
{
	for (size_t row = 1; row < WIDTH; row++)
		for (size_t before = 0; before < row; before++)
			for (size_t column = 0; column < WIDTH; column++)
				u[row][column] -= l[row][before] * u[before][column];
}

/* to -= l u for height rows and width vectors, all of them in registers. */
static inline ISA_INLINE void subtract_block(line *to, const line *l, const line *u, const size_t height,
                                             const size_t width)
{
	isa_v8 sum[8][2];
	for (size_t row = 0; row < height; row++)
		for (size_t v = 0; v < width; v++)
			sum[row][v] = *(const isa_v8 *)&to[row][v * VECTOR];
	for (size_t inner = 0; inner < WIDTH; inner++)
		for (size_t row = 0; row < height; row++)
			for (size_t v = 0; v < width; v++)
				sum[row][v] -= l[row][inner] * *(const isa_v8 *)&u[inner][v * VECTOR];
	for (size_t row = 0; row < height; row++)
		for (size_t v = 0; v < width; v++)
			*(isa_v8 *)&to[row][v * VECTOR] = sum[row][v];
}

static inline ISA_INLINE void subtract_body(line *to, const line *l, const line *u, size_t rows, const isa where)
{
	const size_t height = where == ISA_AVX512 ? 8 : where == ISA_AVX2 ? 4 : 2;
	const size_t width = where == ISA_AVX512 ? 2 : 1;
	for (size_t row = 0; row < rows; row += height)
		for (size_t column = 0; column < WIDTH; column += width * VECTOR)
			subtract_block((line *)&to[row][column], l + row, (const line *)&u[0][column], height, width);
}

ISA_COPIES(subtract, (line * to, const line *l, const line *u, size_t rows), (to, l, u, rows, isa_here))

void lu_update(int k, int j)
{
	line *panel = panel_of(factors, j);
	line *left = panel_of(factors, k);
	size_t top = (size_t)k * WIDTH;
	for (size_t row = top; row < top + WIDTH; row++)
		exchange(panel, row, (size_t)pivot[row]);
	solve((const line *)left + top, panel + top);
	subtract(panel + top + WIDTH, (const line *)left + top + WIDTH, (const line *)panel + top, side - top - WIDTH);
}

void lu_finish(size_t begin, size_t end, void *unused)
{
	(void)unused;
	for (size_t k = begin; k < end; k++)
		for (size_t row = (k + 1) * WIDTH; row < side; row++)
			exchange(panel_of(factors, (int)k), row, (size_t)pivot[row]);
}

static double *element(line *matrix, size_t row, size_t column)
{
	return &panel_of(matrix, (int)(column / WIDTH))[row][column % WIDTH];
}

/* Numbers from -1 to 1, beyond the size the unit matrix. */
static void fill(size_t size)
{
	uint64_t state = 9;
	for (size_t row = 0; row < side; row++) {
		for (size_t column = 0; column < side; column++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			double value = (double)(int32_t)(state >> 32) / 2147483648.0;
			*element(input, row, column) = row < size && column < size ? value : row == column;
		}
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!input) {
		if (params->size < 1 || params->size > 20000)
			kernel_fail("size %ld is not from 1 to 20000", params->size);
		panels = (int)((params->size + WIDTH - 1) / WIDTH);
		side = (size_t)panels * WIDTH;
		input = kernel_memory((size_t)panels * side, sizeof(*input));
		factors = kernel_memory((size_t)panels * side, sizeof(*factors));
		pivot = kernel_memory(side, sizeof(*pivot));
		waits = kernel_memory((size_t)panels * (size_t)panels, 1);
		marks = kernel_memory((size_t)panels, 1);
		fill((size_t)params->size);
		subtract_choose();
	}
	memcpy(factors, input, (size_t)panels * side * sizeof(*factors));
	for (int k = 0; k < panels; k++)
		for (int j = 0; j < panels; j++)
			*waits_of(k, j) = (char)(1 + (k > 0));
}

/* Compares L (U x) with P (A x) for x = (1, -1, 1, ...). */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	double *ux = calloc(2 * side, sizeof(*ux));
	(void)params;
	(void)result;
	if (!ux)
		kernel_fail("no memory for the check");
	double *ax = ux + side;
	for (size_t row = 0; row < side; row++) {
		for (size_t column = 0; column < side; column++) {
			double x = column % 2 ? -1 : 1;
			ax[row] += *element(input, row, column) * x;
			ux[row] += column >= row ? *element(factors, row, column) * x : 0;
		}
	}
	for (size_t row = 0; row < side; row++) {
		double kept = ax[row];
		ax[row] = ax[pivot[row]];
		ax[pivot[row]] = kept;
	}
	for (size_t row = 0; row < side; row++) {
		double sum = ux[row];
		for (size_t column = 0; column < row; column++)
			sum += *element(factors, row, column) * ux[column];
		if (!(fabs(sum - ax[row]) <= 1e-10 * (double)side * (double)side))
			kernel_fail("row %zu of the factors is wrong", row);
	}
	free(ux);
	return kernel_hash(factors, (size_t)panels * side * sizeof(*factors)) +
	       kernel_hash(pivot, side * sizeof(*pivot));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
