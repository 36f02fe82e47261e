/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a sparse matrix from a Matrix Market file into compressed rows. It takes what sparse matrix collections hold:
 * coordinate format, real, integer or pattern entries (a pattern's are 1), general or symmetric (a symmetric file holds
 * the lower half). Everything else is refused with a message. One thread, no state.
 *
 * Source: Boisvert, Pozo, Remington, "The Matrix Market exchange formats: initial design" (NISTIR 5935, 1996).
 */
#ifndef PERF_MATRIX_MARKET_H
#define PERF_MATRIX_MARKET_H

#include <stddef.h>
#include <stdint.h>

/* Row r holds entries begin[r] .. begin[r + 1] - 1, in the order of the file. */
typedef struct sparse {
	size_t rows;
	size_t columns;
	size_t *begin; /* rows + 1 of them */
	uint32_t *column;
	double *value;
} sparse;

/*
 * Returns: 0; or -1, and in problem the text "<path>:<line>: <what is wrong>".
 * Memory: the arrays belong to the caller, who frees them by matrix_market_free.
 */
int matrix_market_read(const char *path, sparse *matrix, char *problem, size_t problem_bytes);
void matrix_market_free(sparse *matrix);

#endif
