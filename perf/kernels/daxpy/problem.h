/* SPDX-License-Identifier: Apache-2.0 */
/* y = y + a x, several times after each other. problem.c owns the vectors and the leaf. */
#ifndef PERF_DAXPY_H
#define PERF_DAXPY_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	DAXPY_TIMES = 50 /* each is a loop of its own, begun by the main thread */
};

/* Computes elements [begin, end). arg is not used. */
void daxpy_leaf(size_t begin, size_t end, void *arg);

#ifdef __cplusplus
}
#endif
#endif
