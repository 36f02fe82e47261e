/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matmul: what may run in parallel, and what may not. Usage: matmul [n]
 *
 * Adds the product of two matrices to a third, C += A * B, halving the longest side until a block fits the first level
 * of cache. Halving the rows or the columns gives two products that write different parts of C: one is spawned. Halving
 * the depth gives two products that add to the same C: one has to follow the other, so both are called.
 *
 * For each level of cache there is a size from which the whole subproblem lies in it, and the program need not know it.
 */
#include "example.h"

#include <skua/skua.h>

enum { SERIALLY = 32 };

/* Blocks of matrices whose rows are stride apart. */
static void multiply_serially(double *c, const double *a, const double *b, int rows, int columns, int depth, int stride)
{
	for (int i = 0; i < rows; i++) {
		for (int k = 0; k < depth; k++) {
			double factor = a[i * stride + k];
			for (int j = 0; j < columns; j++)
				c[i * stride + j] += factor * b[k * stride + j];
		}
	}
}

SKUA_TASK(void, multiply, double *, c, const double *, a, const double *, b, int, rows, int, columns, int, depth,
	  int, stride)
{
	if (rows <= SERIALLY && columns <= SERIALLY && depth <= SERIALLY) {
		multiply_serially(c, a, b, rows, columns, depth, stride);
	} else if (depth > rows && depth > columns) {
		int half = depth / 2;
		SKUA_CALL(multiply, c, a, b, rows, columns, half, stride);
		SKUA_CALL(multiply, c, a + half, b + half * stride, rows, columns, depth - half, stride);
	} else if (rows >= columns) {
		int half = rows / 2;
		SKUA_SPAWN(multiply, c, a, b, half, columns, depth, stride);
		SKUA_CALL(multiply, c + half * stride, a + half * stride, b, rows - half, columns, depth, stride);
		SKUA_SYNC(multiply);
	} else {
		int half = columns / 2;
		SKUA_SPAWN(multiply, c, a, b, rows, half, depth, stride);
		SKUA_CALL(multiply, c + half, a, b + half, rows, columns - half, depth, stride);
		SKUA_SYNC(multiply);
	}
}

int main(int argc, char **argv)
{
	int n = example_size(argc, argv, 512, 1, 4096);
	size_t count = (size_t)n * (size_t)n;
	double *a = example_memory(4 * count, sizeof(double)); /* and behind it b, c and what c should be */
	double *b = a + count;
	double *c = b + count;
	double *expected = c + count;
	example_fill(a, 2 * count);

	SKUA_RUN(multiply, c, a, b, n, n, n, n);
	multiply_serially(expected, a, b, n, n, n, n);
	int wrong = example_differ(c, expected, count);
	printf("matmul: %d by %d, %s\n", n, n, wrong ? "WRONG" : "equal to the serial product");
	free(a);
	return wrong;
}
