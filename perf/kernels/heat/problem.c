/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stencil of five points on size x size doubles, HEAT_STEPS steps of about a millisecond after each other. It shows
 * the price of a loop's start and end, and how much of the grid stays in the cache of the worker that wrote it.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "heat";

static double *grid[2];
static double *first; /* the grid before the first step */
static size_t side;

heat_step heat_at(unsigned step)
{
	return (heat_step){ grid[step % 2], grid[(step + 1) % 2] };
}

size_t heat_rows_end(void)
{
	return side - 1;
}

void heat_leaf(size_t begin, size_t end, void *step)
{
	const heat_step *grids = step;
	for (size_t row = begin; row < end; row++) {
		const double *restrict here = grids->from + row * side;
		const double *restrict above = here - side;
		const double *restrict below = here + side;
		double *restrict to = grids->to + row * side;
		for (size_t column = 1; column < side - 1; column++)
			to[column] = 0.5 * here[column] +
			             0.125 * ((above[column] + below[column]) + (here[column - 1] + here[column + 1]));
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!first) {
		if (params->size < 3 || params->size > 50000)
			kernel_fail("size %ld is not from 3 to 50000", params->size);
		side = (size_t)params->size;
		grid[0] = kernel_memory(side * side, sizeof(double));
		grid[1] = kernel_memory(side * side, sizeof(double));
		first = kernel_memory(side * side, sizeof(double));
		uint64_t state = 1;
		for (size_t i = 0; i < side * side; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			first[i] = (double)(state >> 32) / 4294967296.0;
		}
	}
	memcpy(grid[0], first, side * side * sizeof(double));
	memcpy(grid[1], first, side * side * sizeof(double));
}

/* A mean is never outside of what it is made from. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	const double *last = grid[HEAT_STEPS % 2];
	(void)params;
	(void)result;
	for (size_t i = 0; i < side * side; i++)
		if (!(last[i] >= 0 && last[i] <= 1))
			kernel_fail("point %zu became %g", i, last[i]);
	return kernel_hash(last, side * side * sizeof(double));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
