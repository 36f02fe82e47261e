/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seven long spawned tasks and one long call. problem.c owns the work, so that it is the same machine code everywhere.
 */
#ifndef PERF_COARSE_H
#define PERF_COARSE_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	COARSE_SPAWNED = 7
};

/* One task's worth of work. Each number gives a result of its own. */
uint64_t coarse_task(const kernel_params *params, unsigned number);
/*
 * What the spawning worker does itself after its spawns, in one call without a spawn or sync: one task's worth, or with
 * variant "long-call" as much as all spawned tasks together, so that the others must get all of them meanwhile.
 */
uint64_t coarse_call(const kernel_params *params);

#ifdef __cplusplus
}
#endif
#endif
