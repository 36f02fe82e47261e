/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four breadth-first searches through an R-MAT graph of 2^size vertices and 16 edges for each: a dozen loops after each
 * other, some of a few items and some of many, whose items differ a thousandfold. It shows how fast a small loop
 * begins and ends, and how well an irregular one is shared.
 *
 * Each vertex gets its depth, which does not depend on the order of anything within a step; whose child it is would.
 * All pieces of a step write only depth level + 1 and compare only with level and UNSEEN, so a race for a vertex
 * has one outcome; who wins it puts the vertex on the list.
 *
 * Source: Beamer, Asanovic, Patterson, "Direction-optimizing breadth-first search" (SC 2012), whose thresholds these
 * are.
 */
#include "problem.h"

#include "../graph/rmat.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "bfs";

enum {
	UNSEEN = 255,
	DEPTH_MOST = 250,
	FEWER_EDGES = 14,    /* bottom up once the unvisited vertices have fewer than that times the level's edges */
	FEWER_VERTICES = 24, /* top down again once the level has less than one in that many vertices */
	HOLD = 512           /* vertices that a piece holds back before it puts them on the list together */
};

typedef enum direction {
	TOP_DOWN,
	BOTTOM_UP,
	COLLECT
} direction;

static graph g;
static uint32_t source[BFS_SEARCHES];
static uint8_t *depths[BFS_SEARCHES];
static uint32_t *list;      /* the last level, for the next step */
static uint32_t *next_list; /* what the step finds */

/* The search that runs. Pieces read them. */
static uint8_t *depth;
static uint8_t level;
static direction way;
static uint64_t unvisited_edges; /* of vertices that are not visited */
static size_t listed;            /* vertices in list; 0 if there is no list, but a level */

/* What the pieces of a step add to. */
static uint64_t found;
static uint64_t found_edges;

/* A piece's finds. */
typedef struct finds {
	uint64_t edges;
	uint32_t held;
	uint32_t vertex[HOLD];
} finds;

static uint64_t degree(uint32_t v)
{
	return g.begin[v + 1] - g.begin[v];
}

/* Relaxed everywhere: a loop's end makes its pieces' writes visible, within a step only the race for depth matters. */
static inline uint64_t add(uint64_t *to, uint64_t value, bool alone)
{
	if (!alone)
		return __atomic_fetch_add(to, value, __ATOMIC_RELAXED);
	uint64_t old = *to;
	*to += value;
	return old;
}

static inline uint8_t depth_of(uint32_t v)
{
	return __atomic_load_n(&depth[v], __ATOMIC_RELAXED);
}

static inline bool take(uint32_t v, bool alone)
{
	uint8_t unseen = UNSEEN;
	if (depth_of(v) != UNSEEN)
		return false;
	if (!alone)
		return __atomic_compare_exchange_n(&depth[v], &unseen, (uint8_t)(level + 1), false, __ATOMIC_RELAXED,
		                                   __ATOMIC_RELAXED);
	depth[v] = (uint8_t)(level + 1);
	return true;
}

static inline void put_all(finds *f, uint64_t *count, bool alone)
{
	uint64_t at = add(count, f->held, alone);
	memcpy(next_list + at, f->vertex, f->held * sizeof(*f->vertex));
	f->held = 0;
}

static inline void put(finds *f, uint64_t *count, uint32_t v, bool alone)
{
	if (f->held == HOLD)
		put_all(f, count, alone);
	f->vertex[f->held++] = v;
}

static inline __attribute__((always_inline)) void top_down(size_t begin, size_t end, bool alone)
{
	finds f;
	f.held = 0;
	f.edges = 0;
	for (size_t item = begin; item < end; item++) {
		uint32_t v = list[item];
		for (uint64_t i = g.begin[v]; i < g.begin[v + 1]; i++) {
			uint32_t other = g.to[i];
			if (take(other, alone)) {
				put(&f, &found, other, alone);
				f.edges += degree(other);
			}
		}
	}
	if (f.held > 0) { /* the last find is held in any case */
		put_all(&f, &found, alone);
		add(&found_edges, f.edges, alone);
	}
}

static inline bool has_neighbour_in_level(uint32_t v)
{
	for (uint64_t i = g.begin[v]; i < g.begin[v + 1]; i++)
		if (depth_of(g.to[i]) == level)
			return true;
	return false;
}

static inline __attribute__((always_inline)) void bottom_up(size_t begin, size_t end, bool alone)
{
	uint64_t vertices = 0;
	uint64_t edges = 0;
	for (size_t item = begin; item < end; item++) {
		uint32_t v = (uint32_t)item;
		if (depth_of(v) == UNSEEN && has_neighbour_in_level(v)) {
			__atomic_store_n(&depth[v], (uint8_t)(level + 1), __ATOMIC_RELAXED);
			vertices++;
			edges += degree(v);
		}
	}
	if (vertices > 0) {
		add(&found, vertices, alone);
		add(&found_edges, edges, alone);
	}
}

static inline __attribute__((always_inline)) void collect(size_t begin, size_t end, bool alone)
{
	finds f;
	f.held = 0;
	for (size_t item = begin; item < end; item++)
		if (depth[item] == level)
			put(&f, &found, (uint32_t)item, alone);
	if (f.held > 0)
		put_all(&f, &found, alone);
}

/* Each body for pieces at the same time and for the serial program. */
#define BODIES(name)                                                                                                   \
	static void name##_shared(size_t begin, size_t end, void *unused)                                              \
	{                                                                                                              \
		(void)unused;                                                                                          \
		name(begin, end, false);                                                                               \
	}                                                                                                              \
	static void name##_alone(size_t begin, size_t end, void *unused)                                               \
	{                                                                                                              \
		(void)unused;                                                                                          \
		name(begin, end, true);                                                                                \
	}
BODIES(top_down)
BODIES(bottom_up)
BODIES(collect)

void bfs_begin(int search)
{
	uint32_t from = source[search];
	depth = depths[search];
	level = 0;
	depth[from] = 0;
	/* As if a step had just found the source. */
	way = COLLECT;
	next_list[0] = from;
	found = 1;
	found_edges = degree(from);
	unvisited_edges = g.begin[g.vertices];
}

/* Makes what the step has found the list. */
static void take_list(void)
{
	uint32_t *old = list;
	list = next_list;
	next_list = old;
	listed = found;
}

/* The finds of a step are a new level, which decides how to go on. */
static void end_level(void)
{
	unvisited_edges -= found_edges;
	if (way == TOP_DOWN && found_edges > unvisited_edges / FEWER_EDGES)
		way = BOTTOM_UP;
	else if (way == BOTTOM_UP && found < g.vertices / FEWER_VERTICES)
		way = COLLECT;
}

int bfs_next(bfs_step *step)
{
	if (way != COLLECT) {
		level++;
		if (level == DEPTH_MOST)
			kernel_fail("the graph is deeper than %d", DEPTH_MOST);
	}
	if (found == 0)
		return 0;
	if (way == TOP_DOWN)
		take_list();
	if (way == COLLECT) {
		take_list();
		way = TOP_DOWN;
		if (level == 0)
			unvisited_edges -= found_edges;
	} else {
		end_level();
	}
	found = 0;
	found_edges = 0;
	switch (way) {
	case TOP_DOWN:
		*step = (bfs_step){ listed, top_down_shared, top_down_alone };
		break;
	case BOTTOM_UP:
		*step = (bfs_step){ g.vertices, bottom_up_shared, bottom_up_alone };
		break;
	case COLLECT:
		*step = (bfs_step){ g.vertices, collect_shared, collect_alone };
	}
	return 1;
}

static void make(unsigned scale)
{
	uint64_t state = 1;
	size_t vertices = (size_t)1 << scale;
	list = malloc(vertices * sizeof(*list));
	next_list = malloc(vertices * sizeof(*next_list));
	bool made = list && next_list && rmat_make(&g, scale, 16, true, NULL);
	for (int search = 0; search < BFS_SEARCHES && made; search++)
		made = (depths[search] = malloc(vertices)) != NULL;
	if (!made)
		kernel_fail("no memory for a graph of 2^%u vertices", scale);
	for (int search = 0; search < BFS_SEARCHES; search++) {
		do {
			state = state * 6364136223846793005u + 1442695040888963407u;
			source[search] = (uint32_t)(state >> (64 - scale));
		} while (degree(source[search]) == 0);
	}
}

void kernel_setup(const kernel_params *params)
{
	if (!list) {
		if (params->size < 4 || params->size > RMAT_SCALE_MAX)
			kernel_fail("size %ld is not from 4 to %d", params->size, RMAT_SCALE_MAX);
		make((unsigned)params->size);
	}
	for (int search = 0; search < BFS_SEARCHES; search++)
		memset(depths[search], UNSEEN, g.vertices);
}

/* Neighbours are at most one level apart, and every vertex but the source has one in the level before. */
static void check_depths(int search)
{
	const uint8_t *d = depths[search];
	for (uint32_t v = 0; v < g.vertices; v++) {
		bool has_parent = v == source[search] || d[v] == UNSEEN;
		for (uint64_t i = g.begin[v]; i < g.begin[v + 1]; i++) {
			uint8_t other = d[g.to[i]];
			if (other != UNSEEN && d[v] > other + 1)
				kernel_fail("search %d: vertex %u has depth %d beside one of %d", search, v, d[v],
				            other);
			has_parent |= other + 1 == d[v];
		}
		if (!has_parent)
			kernel_fail("search %d: vertex %u has depth %d without a parent", search, v, d[v]);
	}
}

/* The first run is checked in full, the others by their checksum. */
uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	static bool checked;
	uint64_t hash = 0;
	(void)params;
	(void)result;
	for (int search = 0; search < BFS_SEARCHES; search++) {
		if (!checked)
			check_depths(search);
		hash = hash * 31 + kernel_hash(depths[search], g.vertices);
	}
	checked = true;
	return hash;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
