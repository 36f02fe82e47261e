/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A histogram of times: 64 buckets for each power of two, so that a value is known to 1.6 %. Recording is two shifts
 * and an addition. One thread at a time.
 *
 * Source: the bucket layout of HdrHistogram (Gil Tene).
 */
#ifndef PERF_ECHO_LATENCY_H
#define PERF_ECHO_LATENCY_H

#include <stdint.h>

enum {
	LATENCY_STEPS = 64, /* a power of two: 1 << LATENCY_SHIFT */
	LATENCY_SHIFT = 6,
	LATENCY_BUCKETS = (64 - LATENCY_SHIFT + 1) * LATENCY_STEPS
};

/* Zeroed memory is an empty one. */
typedef struct latency {
	uint64_t count, max_ns;
	uint64_t bucket[LATENCY_BUCKETS];
} latency;

static inline void latency_add(latency *l, uint64_t ns)
{
	unsigned shift = 0;
	if (ns >= LATENCY_STEPS)
		shift = (unsigned)(63 - __builtin_clzll(ns)) - LATENCY_SHIFT;
	unsigned power = ns < LATENCY_STEPS ? 0 : shift + 1;
	l->bucket[power * LATENCY_STEPS + ((ns >> shift) & (LATENCY_STEPS - 1))]++;
	l->count++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

/* Adds another one's values. */
void latency_merge(latency *into, const latency *from);

/* The time that this part (0 to 1) of the values does not exceed, the end of its bucket. Returns: ns; 0 if empty. */
uint64_t latency_at(const latency *l, double part);

#endif
