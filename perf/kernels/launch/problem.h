/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops over the same data that follow each other. problem.c owns the data and the loop's body, so that it is the same
 * machine code everywhere.
 */
#ifndef PERF_LAUNCH_H
#define PERF_LAUNCH_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How many loops make a run; known from kernel_setup on. */
long launch_loops(void);
/* The factor a. Never set, but not known to the compiler of the body. */
extern double launch_factor;
/* The body: y[i] += a * x[i] for begin <= i < end. */
void launch_daxpy(size_t begin, size_t end);
/* Variant "static": the runtime's static schedule. Variant "task": a task starts the loops. */
int launch_is_static(const kernel_params *params);
int launch_is_in_task(const kernel_params *params);

#ifdef __cplusplus
}
#endif
#endif
