/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P A = L U with partial pivoting, right-looking by panels of columns. For panel k: factor it, which chooses the
 * pivots, then update all panels to the right of it. An update needs its panel's factor and the update of the same
 * panel before, so the next factor can begin long before the last update has ended:
 *
 *     factor(k) -> update(k, j) -> update(k + 1, j)     for j > k + 1
 *                  update(k, k + 1) -> factor(k + 1)
 *
 * problem.c owns the matrix, and a counter for each update of what it still waits for.
 */
#ifndef PERF_LU_H
#define PERF_LU_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

int lu_panels(void);
void lu_factor(int k);
/* Updates panel j by panel k; j > k. */
void lu_update(int k, int j);
/* Says to update(k, j) that one of the two things it needs is done. Returns: whether it was the last one. */
int lu_release(int k, int j);
/* Exchanges the rows of panels [begin, end) that later panels have chosen; everything else is done. */
void lu_finish(size_t begin, size_t end, void *unused);
/* Any bytes that stand for a panel where a runtime wants an address for each. */
char *lu_mark(int panel);

#ifdef __cplusplus
}
#endif
#endif
