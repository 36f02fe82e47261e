/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes R-MAT graphs for the graph kernels: 2^scale vertices whose degrees follow a power law, as in social networks,
 * with Graph500's parameters (0.57, 0.19, 0.19, 0.05) and its mixing of the vertices' names. The same arguments make
 * the same graph anywhere. One thread.
 *
 * Source: Chakrabarti, Zhan, Faloutsos, "R-MAT: a recursive model for graph mining" (SDM 2004).
 */
#ifndef PERF_RMAT_H
#define PERF_RMAT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RMAT_SCALE_MAX = 28
};

/* The neighbours of v are to[begin[v]] .. to[begin[v + 1] - 1]. */
typedef struct graph {
	uint32_t vertices;
	uint64_t *begin; /* vertices + 1 of them */
	uint32_t *to;
} graph;

/*
 * Makes a graph of edge_factor edges for each vertex, less those from a vertex to itself. both_ways: neighbours are
 * those an edge leads to and those it comes from; else only those it comes from.
 * out_degree: NULL, or gets for each vertex the number of edges that leave it.
 * Returns: whether there was memory. Memory: the graph's arrays are the caller's.
 */
bool rmat_make(graph *g, unsigned scale, unsigned edge_factor, bool both_ways, uint32_t *out_degree);

#endif
