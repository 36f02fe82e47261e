/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cholesky: steps that depend on each other, parallel inside. Usage: cholesky [n]
 *
 * Finds the lower triangle L with L * Lt = A (Lt is L transposed), in place, by quarters. The steps must come in order,
 * so they are calls, but each is parallel inside: a call returns when all that it spawned is done.
 *
 *     A11  .        L11 from A11 (the same problem, smaller);    L21 from L21 * L11t = A21 (each row by itself);
 *     A21  A22      A22 -= L21 * L21t (each row by itself);      L22 from A22
 */
#include "example.h"

#include <math.h>
#include <skua/skua.h>

static double dot(const double *x, const double *y, int count)
{
	double sum = 0;
	for (int k = 0; k < count; k++)
		sum += x[k] * y[k];
	return sum;
}

/* Finds the x with x * lt = what x holds, for a triangle l of n rows. All rows lie `stride` apart. */
SKUA_TASK(void, solve, double *, x, const double *, l, int, rows, int, n, int, stride)
{
	if (rows == 1) {
		for (int j = 0; j < n; j++)
			x[j] = (x[j] - dot(x, l + j * stride, j)) / l[j * stride + j];
	} else {
		SKUA_SPAWN(solve, x, l, rows / 2, n, stride);
		SKUA_CALL(solve, x + rows / 2 * stride, l, rows - rows / 2, n, stride);
		SKUA_SYNC(solve);
	}
}

/* c -= x * xt, for rows first to end - 1 of a triangle c; x has n columns. Later rows are longer: stealing evens it. */
SKUA_TASK(void, subtract, double *, c, const double *, x, int, first, int, end, int, n, int, stride)
{
	if (end - first == 1) {
		for (int j = 0; j < end; j++)
			c[first * stride + j] -= dot(x + first * stride, x + j * stride, n);
	} else {
		SKUA_SPAWN(subtract, c, x, first, (first + end) / 2, n, stride);
		SKUA_CALL(subtract, c, x, (first + end) / 2, end, n, stride);
		SKUA_SYNC(subtract);
	}
}

SKUA_TASK(void, factor, double *, a, int, n, int, stride)
{
	if (n == 1) {
		*a = sqrt(*a);
		return;
	}
	int half = n / 2, rest = n - half;
	double *below = a + half * stride;
	SKUA_CALL(factor, a, half, stride);
	SKUA_CALL(solve, below, a, rest, half, stride);
	SKUA_CALL(subtract, below + half, below, 0, rest, half, stride);
	SKUA_CALL(factor, below + half, rest, stride);
}

int main(int argc, char **argv)
{
	int n = example_size(argc, argv, 600, 1, 4096);
	double *l = example_memory(2 * (size_t)n * (size_t)n, sizeof(double)), *a = l + n * n;
	for (int i = 0; i < n; i++) {
		for (int j = 0; j <= i; j++) {
			l[i * n + j] = j == i ? 1 + i % 3 : (i ^ 5 * j) % 7 - 3;
			a[i * n + j] = dot(l + i * n, l + j * n, j + 1);
		}
	}
	SKUA_RUN(factor, a, n, n); /* exact in each step, since l is of small whole numbers: l has to come back */
	int wrong = example_differ(a, l, (size_t)(n * n));
	printf("cholesky: %d by %d, %s\n", n, n, wrong ? "WRONG" : "the known factor came back");
	free(l);
	return wrong;
}
