/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lloyd's k-means: KMEANS_ROUNDS times, each point joins the nearest of KMEANS_CENTRES centres and each centre moves to
 * the mean of its points. problem.c owns points and centres.
 */
#ifndef PERF_KMEANS_H
#define PERF_KMEANS_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	KMEANS_DIMENSIONS = 4,
	KMEANS_CENTRES = 16,
	KMEANS_ROUNDS = 10
};

/* Of some points: for each centre, the sum and the number of those that joined it. All zero: of none. */
typedef struct kmeans_sums {
	double sum[KMEANS_CENTRES][KMEANS_DIMENSIONS];
	uint64_t count[KMEANS_CENTRES];
} kmeans_sums;

/* Lets points [begin, end) join centres and adds them to the kmeans_sums at sums. arg is not used. */
void kmeans_leaf(size_t begin, size_t end, void *sums, void *arg);
void kmeans_merge(kmeans_sums *into, const kmeans_sums *from);
/* Moves the centres: between two loops, on one thread. */
void kmeans_move(const kmeans_sums *sums);

#ifdef __cplusplus
}
#endif
#endif
