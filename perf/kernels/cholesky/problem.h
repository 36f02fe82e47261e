/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A = L L^T by tiles, right-looking. For each column k of tiles: the diagonal tile, then all tiles below it in
 * parallel, then all tiles to the right of it in parallel. problem.c owns the matrix and does the work inside of a
 * tile.
 */
#ifndef PERF_CHOLESKY_H
#define PERF_CHOLESKY_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Number of tiles in a row. */
int cholesky_tiles(void);
/* Factors tile (k, k). */
void cholesky_diagonal(int k);
/* Solves tile (i, k) against tile (k, k); i > k. */
void cholesky_solve(int k, int i);
/* Subtracts from tile (i, j) the product of tiles (i, k) and (j, k); i >= j > k. */
void cholesky_update(int k, int i, int j);

#ifdef __cplusplus
}
#endif
#endif
