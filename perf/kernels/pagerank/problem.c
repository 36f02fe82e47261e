/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten iterations of PageRank on an R-MAT graph of 2^size vertices and 16 edges for each: loops of some ten milliseconds
 * whose iterations differ a thousandfold, bound by random reads. As in the GAP benchmark, what vertices without an edge
 * out would pass on is lost.
 */
#include "problem.h"

#include "../graph/rmat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "pagerank";

static const double damping = 0.85;

static graph before;  /* edges lead to the vertices that pass on */
static double *share; /* what a vertex passes on to each after it: 1 / number of those, or 0 */
static double *rank;
static double *passed[2]; /* rank times share, before and after the iteration */

size_t pagerank_vertices(void)
{
	return before.vertices;
}

void pagerank_pull(size_t begin, size_t end, void *iteration)
{
	int now = *(const int *)iteration & 1;
	const double *from = passed[now];
	double *to = passed[!now];
	double base = (1 - damping) / before.vertices;
	for (size_t v = begin; v < end; v++) {
		double sum = 0;
		for (uint64_t i = before.begin[v]; i < before.begin[v + 1]; i++)
			sum += from[before.to[i]];
		rank[v] = base + damping * sum;
		to[v] = rank[v] * share[v];
	}
}

static void make(unsigned scale)
{
	size_t vertices = (size_t)1 << scale;
	uint32_t *degree = malloc(vertices * sizeof(*degree));
	share = malloc(vertices * sizeof(*share));
	rank = malloc(vertices * sizeof(*rank));
	passed[0] = malloc(vertices * sizeof(*passed[0]));
	passed[1] = malloc(vertices * sizeof(*passed[1]));
	if (!degree || !share || !rank || !passed[0] || !passed[1] || !rmat_make(&before, scale, 16, false, degree))
		kernel_fail("no memory for a graph of 2^%u vertices", scale);
	for (size_t v = 0; v < vertices; v++)
		share[v] = degree[v] ? 1.0 / degree[v] : 0;
	free(degree);
}

void kernel_setup(const kernel_params *params)
{
	if (!rank) {
		if (params->size < 1 || params->size > RMAT_SCALE_MAX)
			kernel_fail("size %ld is not from 1 to %d", params->size, RMAT_SCALE_MAX);
		make((unsigned)params->size);
	}
	for (size_t v = 0; v < before.vertices; v++)
		passed[0][v] = share[v] / before.vertices;
	memset(passed[1], 0xff, before.vertices * sizeof(*passed[1])); /* no number */
}

/* Every vertex has at least its base rank, and together they have no more than 1. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	double base = (1 - damping) / before.vertices;
	double sum = 0;
	(void)params;
	(void)result;
	for (size_t v = 0; v < before.vertices; v++) {
		if (!(rank[v] >= base * (1 - 1e-12)))
			kernel_fail("vertex %zu has rank %g", v, rank[v]);
		sum += rank[v];
	}
	if (!(sum <= 1 + 1e-9))
		kernel_fail("the ranks add up to %g", sum);
	return kernel_hash(rank, before.vertices * sizeof(*rank));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
