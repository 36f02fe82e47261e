/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four loops of STREAM over arrays of doubles: copy c = a, scale b = s c, add c = a + b, triad a = b + s c. The
 * variant chooses one. problem.c owns the arrays and the leaves.
 */
#ifndef PERF_STREAM_H
#define PERF_STREAM_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Computes elements [begin, end). arg is not used. */
typedef void (*stream_leaf)(size_t begin, size_t end, void *arg);

stream_leaf stream_loop(const kernel_params *params);

#ifdef __cplusplus
}
#endif
#endif
