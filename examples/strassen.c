/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strassen: tasks that need memory of their own. Usage: strassen [k], for 2^k by 2^k matrices
 *
 * Strassen multiplies matrices with seven products of half the size instead of eight. The factors are sums of quarters,
 * made in memory that the task allocates and its children use: it has to live until they are synced. Allocate before
 * the spawns and free after the syncs, in one function: then it does.
 *
 * The tables are the whole algorithm: product p is A's quarters, summed with the factors left[p], times B's, summed
 * with right[p]; into[p] says how often it goes to each of C's. Quarters stand in the order 11, 12, 21, 22.
 * Source: Strassen, "Gaussian elimination is not optimal" (Numerische Mathematik 13, 1969).
 */
#include "example.h"

#include <skua/skua.h>

static const int left[7][4] = { { 1, 0, 0, 1 }, { 0, 0, 1, 1 },  { 1, 0, 0, 0 }, { 0, 0, 0, 1 },
				{ 1, 1, 0, 0 }, { -1, 0, 1, 0 }, { 0, 1, 0, -1 } };
static const int right[7][4] = { { 1, 0, 0, 1 }, { 1, 0, 0, 0 }, { 0, 1, 0, -1 }, { -1, 0, 1, 0 },
				 { 0, 0, 0, 1 }, { 1, 1, 0, 0 }, { 0, 0, 1, 1 } };
static const int into[7][4] = { { 1, 0, 0, 1 },  { 0, 0, 1, -1 }, { 0, 1, 0, 1 }, { 1, 0, 1, 0 },
				{ -1, 1, 0, 0 }, { 0, 0, 0, 1 },  { 1, 0, 0, 0 } };

/* to += factor * from, for n by n blocks; stride says how far apart their rows are. */
static void add(double *to, size_t to_stride, double factor, const double *from, size_t from_stride, size_t n)
{
	for (size_t i = 0; i < n && factor != 0; i++) {
		for (size_t j = 0; j < n; j++)
			to[i * to_stride + j] += factor * from[i * from_stride + j];
	}
}

static void multiply_serially(double *c, const double *a, const double *b, size_t n)
{
	for (size_t ik = 0; ik < n * n; ik++) {
		for (size_t j = 0; j < n; j++)
			c[ik / n * n + j] += a[ik] * b[ik % n * n + j];
	}
}

/* c += a * b, for n by n matrices without gaps between their rows. */
SKUA_TASK(void, multiply, double *, c, const double *, a, const double *, b, size_t, n)
{
	if (n <= 64) {
		multiply_serially(c, a, b, n);
		return;
	}
	size_t half = n / 2, quarter = half * half;
	size_t corner[4] = { 0, half, half * n, half * n + half };
	double *space = example_memory(7 * 3 * quarter, sizeof(double));
	for (size_t p = 0; p < 7; p++) {
		double *product = space + p * 3 * quarter; /* and behind it its two factors */
		for (size_t q = 0; q < 4; q++) {
			add(product + quarter, half, left[p][q], a + corner[q], n, half);
			add(product + 2 * quarter, half, right[p][q], b + corner[q], n, half);
		}
		SKUA_SPAWN(multiply, product, product + quarter, product + 2 * quarter, half);
	}
	for (size_t p = 7; p-- > 0;) {
		SKUA_SYNC(multiply); /* the youngest, so they come in the order 6, 5, ... 0 */
		for (size_t q = 0; q < 4; q++)
			add(c + corner[q], n, into[p][q], space + p * 3 * quarter, half, half);
	}
	free(space);
}

int main(int argc, char **argv)
{
	size_t n = (size_t)1 << example_size(argc, argv, 9, 0, 12);
	size_t count = n * n;
	double *a = example_memory(4 * count, sizeof(double)); /* and behind it b, c and what c should be */
	example_fill(a, 2 * count);
	SKUA_RUN(multiply, a + 2 * count, a, a + count, n);
	multiply_serially(a + 3 * count, a, a + count, n);
	int wrong = example_differ(a + 2 * count, a + 3 * count, count);
	printf("strassen: %zu by %zu, %s\n", n, n, wrong ? "WRONG" : "equal to the plain product");
	free(a);
	return wrong;
}
