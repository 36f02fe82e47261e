/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C += A B by halving the longest side until a block fits the first-level cache. Halves of rows or columns of C are
 * independent; the two halves of the inner side follow each other, so that every runtime adds in the same order and the
 * results agree to the last bit. problem.c owns the matrices and the leaf.
 */
#ifndef PERF_MATMUL_H
#define PERF_MATMUL_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MATMUL_LEAF = 48
};

/* A block of the product: rows x inner times inner x columns. 40 bytes: fits a slot. */
typedef struct product {
	const double *a;
	const double *b;
	double *c;
	unsigned rows;
	unsigned inner;
	unsigned columns;
	unsigned stride; /* elements from one row to the next, in all three */
} product;

/* The whole product. */
product matmul_whole(void);
void matmul_leaf(const product *p);

#ifdef __cplusplus
}
#endif

typedef enum split {
	SPLIT_NONE,
	SPLIT_PARALLEL,
	SPLIT_SERIAL
} split;

/* Halves a product and says how the halves may run: not halved, in parallel, or the first before the second. */
static inline split product_split(product p, product *first, product *second)
{
	*first = p;
	*second = p;
	if (p.rows <= MATMUL_LEAF && p.columns <= MATMUL_LEAF && p.inner <= MATMUL_LEAF)
		return SPLIT_NONE;
	if (p.rows >= p.columns && p.rows >= p.inner) {
		first->rows = p.rows / 2;
		second->rows -= first->rows;
		second->a += (size_t)first->rows * p.stride;
		second->c += (size_t)first->rows * p.stride;
		return SPLIT_PARALLEL;
	}
	if (p.columns >= p.inner) {
		first->columns = p.columns / 2;
		second->columns -= first->columns;
		second->b += first->columns;
		second->c += first->columns;
		return SPLIT_PARALLEL;
	}
	first->inner = p.inner / 2;
	second->inner -= first->inner;
	second->a += first->inner;
	second->b += (size_t)first->inner * p.stride;
	return SPLIT_SERIAL;
}

#endif
