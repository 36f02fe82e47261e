/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PageRank by pulling: in each iteration every vertex adds up what the vertices before it pass on. One loop for each
 * iteration, between two arrays that change their roles. problem.c owns the graph and the ranks.
 */
#ifndef PERF_PAGERANK_H
#define PERF_PAGERANK_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	PAGERANK_ITERATIONS = 10,
	PAGERANK_BLOCK = 32 /* vertices of one call where the runtime cannot pass a range */
};

size_t pagerank_vertices(void);
/* Computes vertices [begin, end); iteration points to an int that counts from 0. */
void pagerank_pull(size_t begin, size_t end, void *iteration);

#ifdef __cplusplus
}
#endif
#endif
