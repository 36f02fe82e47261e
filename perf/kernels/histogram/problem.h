/* SPDX-License-Identifier: Apache-2.0 */
/* How often each of HISTOGRAM_BINS kinds of keys occurs. problem.c owns the keys, the counts and the leaf. */
#ifndef PERF_HISTOGRAM_H
#define PERF_HISTOGRAM_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	HISTOGRAM_BINS = 1024
};

/* Where the counts of all keys are expected; zeros before a run. */
uint64_t *histogram_counts(void);
/* Counts keys [begin, end) in bins. */
void histogram_leaf(size_t begin, size_t end, uint64_t *bins);
/* Adds one array of counts to another. */
void histogram_merge(uint64_t *into, const uint64_t *from);

#ifdef __cplusplus
}
#endif
#endif
