/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Factors a symmetric positive definite matrix of size x size doubles (rounded up to whole tiles): many fork-joins
 * after each other, with tasks of some 10 microseconds that become fewer towards the end. It shows the price of a
 * join with all workers. The tile code is plain C and no rival of a LAPACK.
 */
#include "problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "cholesky";

enum {
	TILE = 32
};

typedef double tile[TILE][TILE];

static tile *input;
static tile *factor;
static int tiles;

static tile *tile_at(tile *matrix, int i, int j)
{
	return &matrix[(size_t)i * (size_t)tiles + (size_t)j];
}

int cholesky_tiles(void)
{
	return tiles;
}

void cholesky_diagonal(int k)
{
	double(*l)[TILE] = *tile_at(factor, k, k);
	for (int column = 0; column < TILE; column++) {
		l[column][column] = sqrt(l[column][column]);
		for (int row = column + 1; row < TILE; row++)
			l[row][column] /= l[column][column];
		for (int row = column + 1; row < TILE; row++)
			for (int right = column + 1; right <= row; right++)
				l[row][right] -= l[row][column] * l[right][column];
	}
}

/* To rows, so that the inner loops run along them. */
static void transpose(tile out, tile in)
{
	for (int row = 0; row < TILE; row++)
		for (int column = 0; column < TILE; column++)
			out[column][row] = in[row][column];
}

void cholesky_solve(int k, int i)
{
	double(*x)[TILE] = *tile_at(factor, i, k);
	tile lt;
	transpose(lt, *tile_at(factor, k, k));
	for (int row = 0; row < TILE; row++) {
		for (int column = 0; column < TILE; column++) {
			double value = x[row][column] / lt[column][column];
			x[row][column] = value;
			for (int right = column + 1; right < TILE; right++)
				x[row][right] -= value * lt[column][right];
		}
	}
}

void cholesky_update(int k, int i, int j)
{
	double(*to)[TILE] = *tile_at(factor, i, j);
	double(*left)[TILE] = *tile_at(factor, i, k);
	tile right;
	transpose(right, *tile_at(factor, j, k));
	for (int row = 0; row < TILE; row++) {
		for (int inner = 0; inner < TILE; inner++) {
			double value = left[row][inner];
			for (int column = 0; column < TILE; column++)
				to[row][column] -= value * right[inner][column];
		}
	}
}

/* A symmetric matrix whose diagonal dominates. Only the lower half is used. */
static void fill(void)
{
	uint64_t state = 7;
	long side = (long)tiles * TILE;
	for (long row = 0; row < side; row++) {
		for (long column = 0; column <= row; column++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			double value = (double)(int32_t)(state >> 32) / 2147483648.0;
			tile *t = tile_at(input, (int)(row / TILE), (int)(column / TILE));
			(*t)[row % TILE][column % TILE] = row == column ? (double)side : value;
		}
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!input) {
		if (params->size < 1 || params->size > 20000)
			kernel_fail("size %ld is not from 1 to 20000", params->size);
		tiles = (int)((params->size + TILE - 1) / TILE);
		size_t count = (size_t)tiles * (size_t)tiles;
		input = calloc(count, sizeof(*input));
		factor = calloc(count, sizeof(*factor));
		if (!input || !factor)
			kernel_fail("no memory for a matrix of size %ld", params->size);
		fill();
	}
	memcpy(factor, input, (size_t)tiles * (size_t)tiles * sizeof(*factor));
}

static double element(tile *matrix, long row, long column)
{
	return (*tile_at(matrix, (int)(row / TILE), (int)(column / TILE)))[row % TILE][column % TILE];
}

/* Compares L (L^T x) with A x for x = (1, -1, 1, ...). */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	long side = (long)tiles * TILE;
	double *ltx = calloc((size_t)side, sizeof(*ltx));
	(void)params;
	(void)result;
	if (!ltx)
		kernel_fail("no memory for the check");
	for (long row = 0; row < side; row++)
		for (long column = 0; column <= row; column++)
			ltx[column] += element(factor, row, column) * (row % 2 ? -1 : 1);
	for (long row = 0; row < side; row++) {
		double difference = 0;
		for (long column = 0; column <= row; column++) {
			difference += element(factor, row, column) * ltx[column];
			difference -= element(input, row, column) * (column % 2 ? -1 : 1);
		}
		for (long column = row + 1; column < side; column++)
			difference -= element(input, column, row) * (column % 2 ? -1 : 1);
		if (!(fabs(difference) <= 1e-10 * (double)side * (double)side))
			kernel_fail("row %ld of the factor is wrong", row);
	}
	free(ltx);
	return kernel_hash(factor, (size_t)tiles * (size_t)tiles * sizeof(*factor));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
