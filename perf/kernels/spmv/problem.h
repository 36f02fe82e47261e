/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = A x for a sparse matrix in compressed rows, some times in a row as an iterative solver does it: each row is one
 * sum. problem.c owns the matrix and both vectors.
 */
#ifndef PERF_SPMV_H
#define PERF_SPMV_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	SPMV_PRODUCTS = 10, /* in one run */
	SPMV_BLOCK = 8      /* rows of one call where the runtime cannot pass a range */
};

size_t spmv_rows(void);
/* Whether some rows are much longer than others. */
int spmv_uneven(void);
/* Computes rows [begin, end). */
void spmv_multiply(size_t begin, size_t end, void *unused);

#ifdef __cplusplus
}
#endif
#endif
