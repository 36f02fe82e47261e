/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file at random, once for each library: file-<library> FILE BLOCK DEPTH PASSES WORKERS [cold]. A pass reads
 * every block of the file once, in a shuffled order, DEPTH of them at the same time. Before a pass of "cold" the file
 * is put out of the system's cache; otherwise all of it is in there. The program prints one line, "<bytes in a pass>
 * <ns> <ns> ...", a time for each pass.
 *
 * The file's words of 8 bytes tell where they stand (`read_make` makes it). In each measured pass the first and the
 * last word of each block are looked at; one pass before, which is not measured, looks at all of them.
 */
#ifndef PERF_FILE_READ_H
#define PERF_FILE_READ_H

#include <stddef.h>
#include <stdint.h>

typedef struct read_plan {
	const char *path;
	size_t block_bytes, file_bytes;
	unsigned depth, passes, workers;
	int is_cold;
	int fd;
	uint32_t *order; /* the blocks, shuffled */
	uint32_t blocks;
	int looks_at_all; /* in this pass */
} read_plan;

/* By each library: reads all blocks, in the order, by calling read_check for each; returns when all are read. */
void read_pass(const read_plan *plan);

/* By each library, once, before the first pass. */
void read_start(const read_plan *plan);

/* Where block number i of the order begins. */
static inline int64_t read_offset(const read_plan *plan, uint32_t i)
{
	return (int64_t)plan->order[i] * (int64_t)plan->block_bytes;
}

/* Is the result the block that stands at this offset? Ends the process if it is not. */
void read_check(const read_plan *plan, const void *buffer, ptrdiff_t result, int64_t offset);

/* A buffer for a block, at the start of a page. */
void *read_buffer(const read_plan *plan);

void read_fail(const char *what, int error) __attribute__((noreturn));

#endif
