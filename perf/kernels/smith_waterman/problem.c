/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aligns two sequences of size bases locally, with affine gaps: a wavefront of tiles of some 100 microseconds, of which
 * few can run at the beginning and at the end. It shows how well dependences other than fork and join are followed.
 *
 * Only the last row and the last column of each tile are kept. H is the best score of an alignment that ends at a
 * cell, E and F of one that ends there in a gap:
 *
 *     H[i][j] = max(0, H[i-1][j-1] + score, E[i][j], F[i][j])
 *     E[i][j] = max(E[i][j-1] - EXTEND, H[i][j-1] - OPEN)         from the left
 *     F[i][j] = max(F[i-1][j] - EXTEND, H[i-1][j] - OPEN)         from above
 *
 * Source: Gotoh, "An improved algorithm for matching biological sequences" (J. Mol. Biol. 162, 1982).
 */
#include "problem.h"

#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "smith_waterman";

enum {
	TILE = 256,
	MATCH = 5,
	MISMATCH = -3,
	OPEN = 8,
	EXTEND = 1,
	NEVER = -(1 << 28)
};

/* Index 0 is the border; 1 .. size are the bases. */
static char *first;  /* along the rows */
static char *second; /* along the columns */
static int size;
static int tiles;

typedef struct cell {
	int32_t h;
	int32_t gap; /* F in a row, E in a column */
} cell;

/* The last row of each row of tiles, and the last column of each column; number 0 is the border of zeros. */
static cell *rows;    /* (tiles + 1) x (size + 1), by column */
static cell *columns; /* (tiles + 1) x (size + 1), by row */
static int32_t *best; /* of each tile */
static char *waits;   /* what each tile waits for */
static uint64_t known_best;

static cell *row_above(int tile_row)
{
	return rows + (size_t)tile_row * ((size_t)size + 1);
}

static cell *column_left(int tile_column)
{
	return columns + (size_t)tile_column * ((size_t)size + 1);
}

int smith_waterman_tiles(void)
{
	return tiles;
}

static inline int32_t larger(int32_t x, int32_t y)
{
	return x > y ? x : y;
}

void smith_waterman_tile(int row, int column)
{
	cell line[TILE + 1]; /* the row above, then the current one */
	int top = row * TILE;
	int left = column * TILE;
	int height = size - top < TILE ? size - top : TILE;
	int width = size - left < TILE ? size - left : TILE;
	const cell *before = column_left(column) + top;
	cell *after = column_left(column + 1) + top;
	const char *along = second + left;
	int32_t most = 0;

	memcpy(line, row_above(row) + left, ((size_t)width + 1) * sizeof(*line));
	for (int i = 1; i <= height; i++) {
		char base = first[top + i];
		int32_t diagonal = line[0].h;
		int32_t h = before[i].h;
		int32_t e = before[i].gap;
		line[0].h = h;
		for (int j = 1; j <= width; j++) {
			int32_t f = larger(line[j].gap - EXTEND, line[j].h - OPEN);
			int32_t paired = diagonal + (base == along[j] ? MATCH : MISMATCH);
			e = larger(e - EXTEND, h - OPEN);
			diagonal = line[j].h;
			h = larger(larger(paired, 0), larger(e, f));
			most = larger(most, h);
			line[j] = (cell){ h, f };
		}
		after[i] = (cell){ h, e };
	}
	/* The corner left of the row is the neighbour's to write. */
	memcpy(row_above(row + 1) + left + 1, line + 1, (size_t)width * sizeof(*line));
	best[row * tiles + column] = most;
}

int smith_waterman_release(int row, int column)
{
	if (row == tiles || column == tiles)
		return 0;
	/* Acquire and release: whoever sets the tile free has seen both tiles before it. */
	return __atomic_sub_fetch(smith_waterman_mark(row, column), 1, __ATOMIC_ACQ_REL) == 0;
}

char *smith_waterman_mark(int row, int column)
{
	return &waits[row * tiles + column];
}

/* The second sequence is the first one with changes, so that there is something to find. */
static void fill(void)
{
	uint64_t state = 5;
	for (int i = 1; i <= size; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		first[i] = "ACGT"[state >> 62];
		second[i] = (state >> 40 & 15) == 0 ? "ACGT"[state >> 60 & 3] : first[i - (state >> 50 & 1 && i > 1)];
	}
}

static void *array(size_t count, size_t bytes)
{
	void *memory = calloc(count, bytes);
	if (!memory)
		kernel_fail("no memory for sequences of %d bases", size);
	return memory;
}

void kernel_setup(const kernel_params *params)
{
	if (!first) {
		if (params->size < 1 || params->size > 1000000)
			kernel_fail("size %ld is not from 1 to 1000000", params->size);
		size = (int)params->size;
		tiles = (size + TILE - 1) / TILE;
		size_t borders = ((size_t)tiles + 1) * ((size_t)size + 1);
		first = array((size_t)size + 1, 1);
		second = array((size_t)size + 1, 1);
		rows = array(borders, sizeof(*rows));
		columns = array(borders, sizeof(*columns));
		best = array((size_t)tiles * (size_t)tiles, sizeof(*best));
		waits = array((size_t)tiles * (size_t)tiles, 1);
		fill();
	}
	size_t line = ((size_t)size + 1) * sizeof(cell);
	memset(rows + size + 1, 0x7f, (size_t)tiles * line);
	memset(columns + size + 1, 0x7f, (size_t)tiles * line);
	for (int i = 0; i <= size; i++)
		rows[i] = columns[i] = (cell){ 0, NEVER };
	for (int tile = 0; tile < tiles; tile++)
		row_above(tile)[0] = column_left(tile)[0] = (cell){ 0, NEVER };
	for (int row = 0; row < tiles; row++)
		for (int column = 0; column < tiles; column++)
			*smith_waterman_mark(row, column) = (char)((row > 0) + (column > 0));
}

/* The best score by two rows over the whole table, as textbooks have it. */
static int32_t by_rows(void)
{
	cell *line = array((size_t)size + 1, sizeof(*line));
	int32_t most = 0;
	for (int j = 0; j <= size; j++)
		line[j] = (cell){ 0, NEVER };
	for (int i = 1; i <= size; i++) {
		int32_t diagonal = 0;
		int32_t e = NEVER;
		for (int j = 1; j <= size; j++) {
			int32_t f = larger(line[j].gap - EXTEND, line[j].h - OPEN);
			int32_t paired = diagonal + (first[i] == second[j] ? MATCH : MISMATCH);
			e = larger(e - EXTEND, line[j - 1].h - OPEN);
			diagonal = line[j].h;
			line[j] = (cell){ larger(larger(paired, 0), larger(e, f)), f };
			most = larger(most, line[j].h);
		}
	}
	free(line);
	return most;
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	int32_t most = 0;
	(void)params;
	(void)result;
	for (int tile = 0; tile < tiles * tiles; tile++)
		most = larger(most, best[tile]);
	if (known_best == 0)
		known_best = (uint64_t)by_rows() + 1;
	if ((uint64_t)most + 1 != known_best)
		kernel_fail("the best score is %d, not %d", most, (int)known_best - 1);
	return kernel_hash(row_above(tiles) + 1, (size_t)size * sizeof(cell)) * 31 +
	       kernel_hash(column_left(tiles) + 1, (size_t)size * sizeof(cell)) + (uint64_t)most;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
