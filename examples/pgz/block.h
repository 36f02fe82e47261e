/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block of the input, compressed without the others: a raw deflate stream whose dictionary is the input before the
 * block, ended by a flush at a whole byte, or the last one by the end mark. So all blocks one after the other are one
 * stream.
 *
 * Call from: one thread at a time for a block, and for a compressor.
 */
#ifndef SKUA_EXAMPLES_PGZ_BLOCK_H
#define SKUA_EXAMPLES_PGZ_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#define ZLIB_CONST /* zlib does not write to its input, and says so on request */
#include <zlib.h>

enum {
	BLOCK_BYTES = 128 << 10,
	DICTIONARY_BYTES = 32 << 10 /* all that deflate can refer back to */
};

struct block {
	const unsigned char *data; /* the dictionary ends before it */
	unsigned char *out;
	size_t dictionary_bytes, data_bytes;
	bool last;
	bool follows; /* the compressor's last block was the one before this: it goes on where it stands */
	bool done; /* the deflater's */

	/* from block_compress */
	size_t out_bytes;
	uLong crc;
};

/* A z_stream costs a quarter of a megabyte to make, so each worker makes one, with its first block. */
struct compressor {
	_Alignas(64) z_stream z;
	bool ready; /* false in zeroed memory */
};

/* How long a compressed block can be. 0: no memory. */
size_t block_bound(int level);

/* Compresses the block; out_capacity is at least block_bound(level). Returns 0 or a negative errno. */
int block_compress(struct block *block, struct compressor *compressor, int level, size_t out_capacity);

/* Gives a compressor's memory back; also one that was never used. */
void compressor_end(struct compressor *compressor);

#endif
