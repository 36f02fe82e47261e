/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breadth-first search level by level. What the next step is, a parallel loop over so many items, problem.c says; the
 * runtimes only run it:
 *
 *     top down     items are the vertices of the last level; each looks at its neighbours and takes the unvisited
 *     bottom up    items are all vertices; each unvisited one looks for a neighbour in the last level
 *     collect      items are all vertices; makes the list of the last level, before going top down again
 *
 * Pieces of a step may run at the same time: they take vertices by compare-and-swap. The serial program has bodies of
 * its own without that.
 */
#ifndef PERF_BFS_H
#define PERF_BFS_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	BFS_SEARCHES = 4, /* in one run */
	BFS_BLOCK = 64    /* items of one call where the runtime cannot pass a range */
};

typedef struct bfs_step {
	size_t count;                                         /* of items */
	void (*body)(size_t begin, size_t end, void *unused); /* for pieces at the same time */
	void (*alone)(size_t begin, size_t end, void *unused);
} bfs_step;

/* Begins a search, number 0 to BFS_SEARCHES - 1. */
void bfs_begin(int search);
/* Ends the last step and tells the next one. Returns: 0 when the search is over. */
int bfs_next(bfs_step *step);

#ifdef __cplusplus
}
#endif
#endif
