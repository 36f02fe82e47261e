/* SPDX-License-Identifier: Apache-2.0 */
/* The dot product of two vectors of doubles. problem.c owns the vectors and the leaf. */
#ifndef PERF_DOT_H
#define PERF_DOT_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds the products of [begin, end) to the double at sum. arg is not used. */
void dot_leaf(size_t begin, size_t end, void *sum, void *arg);
/* What kernel_run returns for a sum: its bits. */
uint64_t dot_bits(double sum);

#ifdef __cplusplus
}
#endif
#endif
