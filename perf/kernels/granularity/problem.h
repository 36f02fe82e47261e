/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed amount of busy work, cut into equal tasks. problem.c owns the work, so that it is the same machine code
 * everywhere, and says how many tasks there are.
 */
#ifndef PERF_GRANULARITY_H
#define PERF_GRANULARITY_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The number of tasks; known from kernel_setup on. */
long granularity_tasks(void);
/* Task `number`: about size nanoseconds of arithmetic. Each number gives a result of its own. */
uint64_t granularity_work(long number);

#ifdef __cplusplus
}
#endif
#endif
