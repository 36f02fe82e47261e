/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C = A B as libraries do it: both are packed into panels that the inner loop reads in order, then each tile of C is
 * one product of a row of panels with a column of panels. The tiles do not depend on each other. problem.c owns the
 * matrices, the packing and the inner loop.
 */
#ifndef PERF_DGEMM_H
#define PERF_DGEMM_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Number of panels of A and B together. */
size_t dgemm_panels(void);
/* Packs panels [begin, end). */
void dgemm_pack(size_t begin, size_t end, void *unused);
/* Tiles in a row and in a column of C. */
size_t dgemm_tiles(void);
/* Computes a rectangle of tiles; all panels are packed. */
void dgemm_multiply(size_t row_begin, size_t row_end, size_t column_begin, size_t column_end, void *unused);

/* The same as row-major matrices, for libraries that pack by themselves. */
typedef struct dgemm_matrices {
	const double *a;
	const double *b;
	double *c;
	int side;
	int stride;
} dgemm_matrices;
dgemm_matrices dgemm_whole(void);

#ifdef __cplusplus
}
#endif
#endif
