/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size iterations, of which number i takes i steps, as in loops over a triangular matrix: with two equal parts the
 * second has three quarters of the work. The mean iteration takes some 10 us at the default size.
 */
#include "problem.h"

#include <string.h>

const char kernel_name[] = "triangular";

static uint64_t *results;
static size_t count;

/* A chain of dependent operations, about 2 ns each. */
static uint64_t work(uint64_t state, size_t steps)
{
	for (size_t i = 0; i < steps; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
	}
	return state;
}

void triangular_leaf(size_t begin, size_t end, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++)
		results[i] = work(i + 1, i);
}

void kernel_setup(const kernel_params *params)
{
	if (!results) {
		count = (size_t)params->size;
		results = kernel_memory(count, sizeof(*results));
	}
	memset(results, 0, count * sizeof(*results));
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return kernel_hash(results, count * sizeof(*results));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
