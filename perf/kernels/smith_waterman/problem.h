/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alignment's table in square tiles. A tile needs the one above it and the one left of it, so tiles on an
 * anti-diagonal may run in parallel, and better: each as soon as both are done. problem.c owns the table, and a
 * counter for each tile of what it still waits for, which sets the next ones free without a barrier between diagonals.
 */
#ifndef PERF_SMITH_WATERMAN_H
#define PERF_SMITH_WATERMAN_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Tiles in a row and in a column. */
int smith_waterman_tiles(void);
/* Computes a tile; those above and left of it are done. */
void smith_waterman_tile(int row, int column);
/* Says to a tile that one of those before it is done. Returns: whether it was the last one; 0 outside the table. */
int smith_waterman_release(int row, int column);
/* Any bytes that stand for a tile where a runtime wants an address for each. */
char *smith_waterman_mark(int row, int column);

#ifdef __cplusplus
}
#endif
#endif
