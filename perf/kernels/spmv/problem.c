/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiplies a sparse matrix of size rows, with 16 entries in a row on average, with a vector: loops of some
 * milliseconds bound by memory. The variants are the shape of the matrix:
 *
 *     uniform     16 entries in each row
 *     powerlaw    most rows have few entries, some have thousands, as graphs from the net do; in no order
 *     <path>      a Matrix Market file (something with a slash in it); so does SPMV_MATRIX=<path> in the environment,
 *                 instead of the uniform matrix. Its size counts, not the one asked for
 */
#include "problem.h"

#include "matrix_market.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "spmv";

enum {
	ENTRIES = 16 /* in a row, on average */
};

static sparse a;
static double *x;
static double *y;
static bool uneven;

size_t spmv_rows(void)
{
	return a.rows;
}

int spmv_uneven(void)
{
	return uneven;
}

void spmv_multiply(size_t begin, size_t end, void *unused)
{
	const size_t *first = a.begin;
	const uint32_t *column = a.column;
	const double *value = a.value;
	(void)unused;
	for (size_t row = begin; row < end; row++) {
		double sum = 0;
		for (size_t i = first[row]; i < first[row + 1]; i++)
			sum += value[i] * x[column[i]];
		y[row] = sum;
	}
}

static uint64_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 32;
}

static double random_signed(uint64_t *state)
{
	return (double)random_next(state) / 2147483648.0 - 1;
}

/* A Pareto number with mean about ENTRIES, its exponent that of in-degrees in the web graph. */
static size_t powerlaw_length(uint64_t *state, size_t most)
{
	const double exponent = 1.2;
	const double least = ENTRIES * (exponent - 1) / exponent;
	double u = ((double)random_next(state) + 1) / 4294967296.0;
	double length = least * pow(u, -1 / exponent);
	return length < (double)most ? (size_t)(length + 0.5) : most;
}

static void make(size_t rows, bool powerlaw)
{
	uint64_t state = 11;
	a.rows = a.columns = rows;
	a.begin = calloc(rows + 1, sizeof(*a.begin));
	if (!a.begin)
		kernel_fail("no memory for %zu rows", rows);
	for (size_t row = 0; row < rows; row++)
		a.begin[row + 1] = a.begin[row] + (powerlaw ? powerlaw_length(&state, rows / 16 + 1) : ENTRIES);
	size_t entries = a.begin[rows];
	a.column = malloc(entries * sizeof(*a.column) + 1);
	a.value = malloc(entries * sizeof(*a.value) + 1);
	if (!a.column || !a.value)
		kernel_fail("no memory for %zu entries", entries);
	for (size_t i = 0; i < entries; i++) {
		a.column[i] = (uint32_t)(random_next(&state) * rows >> 32);
		a.value[i] = random_signed(&state);
	}
}

/* A file's rows are uneven if the longest one is ten times the average. */
static void read_file(const char *path)
{
	char problem[512];
	if (matrix_market_read(path, &a, problem, sizeof(problem)) < 0)
		kernel_fail("%s", problem);
	for (size_t row = 0; row < a.rows; row++)
		uneven |= (a.begin[row + 1] - a.begin[row]) * a.rows > 10 * a.begin[a.rows];
}

static void choose(const kernel_params *params)
{
	const char *path = getenv("SPMV_MATRIX");
	bool uniform = strcmp(params->variant, "uniform") == 0;
	if (strchr(params->variant, '/'))
		read_file(params->variant);
	else if (uniform && path && *path)
		read_file(path);
	else if (!uniform && strcmp(params->variant, "powerlaw") != 0)
		kernel_fail("variant '%s' is not uniform, powerlaw or a path", params->variant);
	else if (params->size < 1 || params->size > INT32_MAX)
		kernel_fail("size %ld is not from 1 to %d", params->size, INT32_MAX);
	else
		make((size_t)params->size, uneven = !uniform);
}

void kernel_setup(const kernel_params *params)
{
	if (!x) {
		uint64_t state = 12;
		choose(params);
		x = malloc(a.columns * sizeof(*x) + 1);
		y = malloc(a.rows * sizeof(*y) + 1);
		if (!x || !y)
			kernel_fail("no memory for the vectors");
		for (size_t i = 0; i < a.columns; i++)
			x[i] = random_signed(&state);
	}
	memset(y, 0xff, a.rows * sizeof(*y)); /* no number */
}

/* Compares the sum of y with the sum over all entries, in another order. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	double sum = 0;
	double size = 0;
	(void)params;
	(void)result;
	for (size_t i = 0; i < a.begin[a.rows]; i++) {
		double product = a.value[i] * x[a.column[i]];
		sum += product;
		size += fabs(product);
	}
	for (size_t row = 0; row < a.rows; row++)
		sum -= y[row];
	if (!(fabs(sum) <= 1e-10 * size))
		kernel_fail("the product is wrong: its sum is off by %g", sum);
	return kernel_hash(y, a.rows * sizeof(*y));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
