/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiplies two matrices of size x size doubles: regular divide and conquer with leaves of some 30 microseconds, bound
 * by arithmetic. It shows how well the work spreads. The leaf is plain C and no rival of a BLAS.
 */
#include "problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "matmul";

static double *a;
static double *b;
static double *c;
static unsigned side;
static unsigned stride;

product matmul_whole(void)
{
	return (product){ a, b, c, side, side, side, stride };
}

void matmul_leaf(const product *p)
{
	for (unsigned row = 0; row < p->rows; row++) {
		double *to = p->c + (size_t)row * p->stride;
		const double *left = p->a + (size_t)row * p->stride;
		for (unsigned k = 0; k < p->inner; k++) {
			const double *right = p->b + (size_t)k * p->stride;
			double factor = left[k];
			for (unsigned column = 0; column < p->columns; column++)
				to[column] += factor * right[column];
		}
	}
}

/* Fills with numbers from -1 to 1. */
static void fill(double *matrix, size_t count, uint64_t state)
{
	for (size_t i = 0; i < count; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		matrix[i] = (double)(int32_t)(state >> 32) / 2147483648.0;
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!a) {
		if (params->size < 1 || params->size > 20000)
			kernel_fail("size %ld is not from 1 to 20000", params->size);
		side = (unsigned)params->size;
		stride =
		        (side + 7) / 8 * 8 | 8; /* an odd number of cache lines, so that rows do not share cache sets */
		size_t count = (size_t)side * stride;
		a = malloc(count * sizeof(*a));
		b = malloc(count * sizeof(*b));
		c = malloc(count * sizeof(*c));
		if (!a || !b || !c)
			kernel_fail("no memory for matrices of size %u", side);
		fill(a, count, 1);
		fill(b, count, 2);
	}
	memset(c, 0, (size_t)side * stride * sizeof(*c));
}

/* out = matrix in */
static void apply(const double *matrix, const double *in, double *out)
{
	for (unsigned row = 0; row < side; row++) {
		double sum = 0;
		for (unsigned column = 0; column < side; column++)
			sum += matrix[(size_t)row * stride + column] * in[column];
		out[row] = sum;
	}
}

/* Compares C x with A (B x). */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	double *vectors = malloc(4 * (size_t)side * sizeof(double));
	(void)params;
	(void)result;
	if (!vectors)
		kernel_fail("no memory for the check");
	double *x = vectors;
	double *direct = vectors + side;
	double *bx = vectors + 2 * (size_t)side;
	double *abx = vectors + 3 * (size_t)side;
	fill(x, side, 3);
	apply(c, x, direct);
	apply(b, x, bx);
	apply(a, bx, abx);
	for (unsigned row = 0; row < side; row++)
		if (!(fabs(direct[row] - abx[row]) <= 1e-9 * side))
			kernel_fail("row %u of the product is wrong", row);
	free(vectors);
	return kernel_hash(c, (size_t)side * stride * sizeof(*c));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
