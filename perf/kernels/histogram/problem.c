/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts size keys of 4 bytes in HISTOGRAM_BINS bins: every worker counts in bins of its own, which are added at the
 * end. Making and adding them is part of the run.
 */
#include "problem.h"

#include <inttypes.h>
#include <string.h>

const char kernel_name[] = "histogram";

static uint32_t *keys;
static uint64_t counts[HISTOGRAM_BINS];
static size_t count;

uint64_t *histogram_counts(void)
{
	return counts;
}

void histogram_leaf(size_t begin, size_t end, uint64_t *bins)
{
	for (size_t i = begin; i < end; i++)
		bins[keys[i] % HISTOGRAM_BINS]++;
}

void histogram_merge(uint64_t *into, const uint64_t *from)
{
	for (unsigned i = 0; i < HISTOGRAM_BINS; i++)
		into[i] += from[i];
}

void kernel_setup(const kernel_params *params)
{
	if (!keys) {
		uint64_t state = 1;
		count = (size_t)params->size;
		keys = kernel_memory(count, sizeof(*keys));
		for (size_t i = 0; i < count; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			keys[i] = (uint32_t)(state >> 32);
		}
	}
	memset(counts, 0, sizeof(counts));
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	uint64_t sum = 0;
	(void)params;
	(void)result;
	for (unsigned i = 0; i < HISTOGRAM_BINS; i++)
		sum += counts[i];
	if (sum != count)
		kernel_fail("%" PRIu64 " keys were counted, not %zu", sum, count);
	return kernel_hash(counts, sizeof(counts));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
