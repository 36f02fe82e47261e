/* SPDX-License-Identifier: Apache-2.0 */
/* out[i] = in[0] + ... + in[i] on 64-bit integers. problem.c owns the arrays and the leaves. */
#ifndef PERF_PREFIX_SUM_H
#define PERF_PREFIX_SUM_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds elements [begin, end) to the int64_t at sum. arg is not used. */
void prefix_sum_add(size_t begin, size_t end, void *sum, void *arg);
/* The same, and writes each prefix; what is at sum on entry comes before begin. */
void prefix_sum_scan(size_t begin, size_t end, void *sum, void *arg);

#ifdef __cplusplus
}
#endif
#endif
