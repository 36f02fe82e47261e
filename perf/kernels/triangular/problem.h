/* SPDX-License-Identifier: Apache-2.0 */
/* A loop whose iteration i takes i steps of work. problem.c owns the work. */
#ifndef PERF_TRIANGULAR_H
#define PERF_TRIANGULAR_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Does iterations [begin, end). arg is not used. */
void triangular_leaf(size_t begin, size_t end, void *arg);

#ifdef __cplusplus
}
#endif
#endif
