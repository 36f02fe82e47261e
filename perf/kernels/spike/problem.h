/* SPDX-License-Identifier: Apache-2.0 */
/* A loop of light iterations, one of which is SPIKE_FACTOR times as long. problem.c owns the work. */
#ifndef PERF_SPIKE_H
#define PERF_SPIKE_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	SPIKE_FACTOR = 1000
};

/* Does iterations [begin, end). arg is not used. */
void spike_leaf(size_t begin, size_t end, void *arg);

#ifdef __cplusplus
}
#endif
#endif
