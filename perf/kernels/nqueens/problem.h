/* SPDX-License-Identifier: Apache-2.0 */
/* The board of the queens problem: the column of each row's queen. Copied into each task. */
#ifndef PERF_NQUEENS_H
#define PERF_NQUEENS_H

#include "../../harness/kernel.h"

typedef struct board {
	signed char column[16];
} board;

/* Whether a queen in this row and column is safe from those in the rows above. */
static inline int board_safe(const board *b, int row, int column)
{
	for (int above = 0; above < row; above++) {
		int distance = column - b->column[above];
		if (distance == 0 || distance == row - above || distance == above - row)
			return 0;
	}
	return 1;
}

/* The board with one queen more. */
static inline board board_place(board b, int row, int column)
{
	b.column[row] = (signed char)column;
	return b;
}

static const board board_empty = { { 0 } };

#endif
