/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heat on a square of size x size points: HEAT_STEPS times, each inner point becomes a mean of itself and its four
 * neighbours. Two grids take turns, so the points of a step are independent. problem.c owns the grids and the leaf.
 */
#ifndef PERF_HEAT_H
#define PERF_HEAT_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	HEAT_STEPS = 50
};

/* The two grids in one step. */
typedef struct heat_step {
	const double *from;
	double *to;
} heat_step;

heat_step heat_at(unsigned step);
/* The rows of a step are [1, heat_rows_end). */
size_t heat_rows_end(void);
/* Computes rows [begin, end) of a heat_step. */
void heat_leaf(size_t begin, size_t end, void *step);

#ifdef __cplusplus
}
#endif
#endif
