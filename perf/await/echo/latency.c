/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of times; see latency.h. */
#include "latency.h"

_Static_assert(LATENCY_STEPS == 1 << LATENCY_SHIFT, "a bucket is found by shifting");

void latency_merge(latency *into, const latency *from)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
	into->count += from->count;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

/* The largest value that falls into a bucket. */
static uint64_t upper_end(unsigned index)
{
	uint64_t power = index / LATENCY_STEPS, step = index % LATENCY_STEPS;
	return power == 0 ? step : ((LATENCY_STEPS + step + 1) << (power - 1)) - 1;
}

uint64_t latency_at(const latency *l, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)l->count), seen = 0;
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->bucket[i];
		if (seen > wanted || (seen == l->count && seen > 0)) {
			uint64_t end = upper_end(i);
			return end < l->max_ns ? end : l->max_ns;
		}
	}
	return 0;
}
