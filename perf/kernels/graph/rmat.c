/* SPDX-License-Identifier: Apache-2.0 */
/* The generator of R-MAT graphs: edges as a list first, then dealt out to their vertices. */
#include "rmat.h"

#include <stdlib.h>
#include <string.h>

typedef struct edge {
	uint32_t from;
	uint32_t to;
} edge;

/* The end of the four quadrants, of 2^16. */
enum {
	A_END = 37356,
	B_END = A_END + 12452,
	C_END = B_END + 12452
};

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014) */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A permutation of the numbers below 2^scale: without it the vertices with many edges would be the first ones. */
static uint32_t mixed(uint32_t v, unsigned scale)
{
	uint32_t mask = (uint32_t)((UINT64_C(1) << scale) - 1);
	unsigned half = (scale + 1) / 2;
	for (unsigned i = 0; i < 3; i++) {
		v = v * 0x9e3779b1u & mask;
		v ^= half < scale ? v >> half : 0;
	}
	return v;
}

/* Chooses a quadrant of the adjacency matrix for each bit, 16 random bits for each choice. */
static edge random_edge(uint64_t *state, unsigned scale)
{
	edge e = { 0, 0 };
	uint64_t bits = 0;
	for (unsigned level = 0; level < scale; level++) {
		bits = level % 4 == 0 ? random_next(state) : bits >> 16;
		uint32_t choice = bits & 0xffff;
		e.from = e.from << 1 | (choice >= B_END);
		e.to = e.to << 1 | ((choice >= A_END && choice < B_END) || choice >= C_END);
	}
	return (edge){ mixed(e.from, scale), mixed(e.to, scale) };
}

/* Deals the edges out: how many for each vertex, then where. */
static bool deal(graph *g, const edge *edges, uint64_t count, bool both_ways)
{
	uint64_t *next = malloc(((uint64_t)g->vertices + 1) * sizeof(*next));
	g->begin = calloc((uint64_t)g->vertices + 1, sizeof(*g->begin));
	g->to = malloc((both_ways ? 2 : 1) * count * sizeof(*g->to) + 1);
	if (!next || !g->begin || !g->to) {
		free(next);
		return false;
	}
	for (uint64_t i = 0; i < count; i++) {
		g->begin[edges[i].to + 1]++;
		g->begin[edges[i].from + 1] += both_ways;
	}
	for (uint32_t v = 0; v < g->vertices; v++)
		g->begin[v + 1] += g->begin[v];
	memcpy(next, g->begin, ((uint64_t)g->vertices + 1) * sizeof(*next));
	for (uint64_t i = 0; i < count; i++) {
		g->to[next[edges[i].to]++] = edges[i].from;
		if (both_ways)
			g->to[next[edges[i].from]++] = edges[i].to;
	}
	free(next);
	return true;
}

bool rmat_make(graph *g, unsigned scale, unsigned edge_factor, bool both_ways, uint32_t *out_degree)
{
	uint64_t state = 2004;
	uint64_t wanted = (uint64_t)edge_factor << scale;
	uint64_t count = 0;
	*g = (graph){ .vertices = UINT32_C(1) << scale };
	edge *edges = malloc(wanted * sizeof(*edges) + 1);
	if (!edges)
		return false;
	for (uint64_t i = 0; i < wanted; i++) {
		edges[count] = random_edge(&state, scale);
		count += edges[count].from != edges[count].to;
	}
	if (out_degree) {
		memset(out_degree, 0, (uint64_t)g->vertices * sizeof(*out_degree));
		for (uint64_t i = 0; i < count; i++)
			out_degree[edges[i].from]++;
	}
	bool made = deal(g, edges, count, both_ways);
	free(edges);
	if (!made) {
		free(g->begin);
		free(g->to);
		*g = (graph){ 0 };
	}
	return made;
}
