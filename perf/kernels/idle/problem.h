/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runtime with nothing to do costs: the processor time of the whole process while the main thread sleeps for
 * size milliseconds, right after parallel work. Sample cpu_ms.
 */
#ifndef PERF_IDLE_H
#define PERF_IDLE_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	IDLE_FIB = 24
}; /* the work before: fib of this, a task for every call */

/* Sleeps and takes the sample. */
void idle_sleep(const kernel_params *params);

#ifdef __cplusplus
}
#endif
#endif
