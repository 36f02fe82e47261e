/* SPDX-License-Identifier: Apache-2.0 */
/* One block of the input, compressed without the others; see block.h. */
#include "block.h"

#include <errno.h>

enum {
	RAW_WINDOW_BITS = -15, /* 32 KiB, without header and trailer */
	MEMORY_LEVEL = 8,      /* zlib's default */
	SLACK_BYTES = 1024     /* deflateBound does not know of the flush */
};

static int begin(z_stream *z, int level)
{
	return deflateInit2(z, level, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
}

size_t block_bound(int level)
{
	z_stream z = { .zalloc = Z_NULL };
	if (begin(&z, level) != Z_OK)
		return 0;
	size_t bytes = deflateBound(&z, BLOCK_BYTES) + SLACK_BYTES;
	deflateEnd(&z);
	return bytes;
}

int block_compress(struct block *block, struct compressor *compressor, int level, size_t out_capacity)
{
	z_stream *z = &compressor->z;
	if (!block->follows) {
		if ((compressor->ready ? deflateReset(z) : begin(z, level)) != Z_OK)
			return -ENOMEM;
		compressor->ready = true;
		if (block->dictionary_bytes > 0)
			deflateSetDictionary(z, block->data - block->dictionary_bytes, (uInt)block->dictionary_bytes);
	}
	z->next_in = block->data;
	z->avail_in = (uInt)block->data_bytes;
	z->next_out = block->out;
	z->avail_out = (uInt)out_capacity;
	int code = deflate(z, block->last ? Z_FINISH : Z_SYNC_FLUSH);
	if (code != (block->last ? Z_STREAM_END : Z_OK) || z->avail_in > 0 || z->avail_out == 0)
		return -EOVERFLOW; /* zlib broke the promise of deflateBound */
	block->out_bytes = out_capacity - z->avail_out;
	block->crc = crc32(0, block->data, (uInt)block->data_bytes);
	return 0;
}

void compressor_end(struct compressor *compressor)
{
	if (compressor->ready)
		deflateEnd(&compressor->z);
	compressor->ready = false;
}
