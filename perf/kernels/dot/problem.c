/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dot product of two vectors of size doubles: a reduction bound by memory. All elements are small integers, so that
 * every partial sum is exact and every order of adding gives the same bits.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "dot";

enum {
	LANES = 8 /* independent sums in the leaf, so that it does not wait for its additions */
};

static double *x;
static double *y;
static size_t count;
static int64_t expected;

void dot_leaf(size_t begin, size_t end, void *sum, void *arg)
{
	double lane[LANES] = { 0 };
	double *to = sum;
	size_t i = begin;
	(void)arg;
	for (; i + LANES <= end; i += LANES)
		for (unsigned k = 0; k < LANES; k++)
			lane[k] += x[i + k] * y[i + k];
	for (; i < end; i++)
		lane[0] += x[i] * y[i];
	for (unsigned k = 1; k < LANES; k++)
		lane[0] += lane[k];
	*to += lane[0];
}

uint64_t dot_bits(double sum)
{
	uint64_t bits;
	memcpy(&bits, &sum, sizeof(bits));
	return bits;
}

void kernel_setup(const kernel_params *params)
{
	uint64_t state = 1;
	if (x)
		return;
	count = (size_t)params->size;
	x = kernel_memory(count, sizeof(*x));
	y = kernel_memory(count, sizeof(*y));
	for (size_t i = 0; i < count; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		int left = (int)(state >> 54) - 512;
		int right = (int)(state >> 44 & 1023) - 512;
		x[i] = left;
		y[i] = right;
		expected += left * right;
	}
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	double sum;
	(void)params;
	memcpy(&sum, &result, sizeof(sum));
	if (sum != (double)expected)
		kernel_fail("the product is %.17g, not %.17g", sum, (double)expected);
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
