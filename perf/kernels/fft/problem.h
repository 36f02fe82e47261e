/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fast Fourier transform by recursion: one pass over a block makes four blocks of a quarter its size, which do not
 * depend on each other. A pass is a parallel loop; a block that fits the second-level cache is a leaf. The result
 * stands in bit-reversed order then, which a last loop sorts out. problem.c owns the data and the bodies.
 */
#ifndef PERF_FFT_H
#define PERF_FFT_H

#include "../../harness/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	FFT_LEAF_BITS = 12,
	FFT_BLOCK = 1024 /* items of one call where the runtime cannot pass a range */
};

/* 2^bits elements from first on. 8 bytes: fits a slot. */
typedef struct fft_block {
	unsigned first;
	unsigned bits;
} fft_block;

fft_block fft_whole(void);
/* Transforms a block of up to FFT_LEAF_BITS. */
void fft_leaf(fft_block block);
/* Items [begin, end) of the pass over a block, of which there are a quarter of its elements; block is an fft_block. */
void fft_pass(size_t begin, size_t end, void *block);
/* Items of the last loop. */
size_t fft_reorder_items(void);
void fft_reorder(size_t begin, size_t end, void *unused);

#ifdef __cplusplus
}
#endif

/* Number quarter of the four blocks that a pass makes. */
static inline fft_block fft_quarter(fft_block block, unsigned quarter)
{
	fft_block result = { block.first + (quarter << (block.bits - 2)), block.bits - 2 };
	return result;
}

#endif
