/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input to one gzip member, with all workers, in bounded memory.
 *
 *     the root task            many tasks                      whoever finishes the oldest block
 *     read, or only count -->  deflate block, its CRC  ------> write it and the finished ones behind it
 *            ^                                                          |
 *            +---------------------- room in the window <---------------+
 *
 * The root goes through the input block by block and spawns a task for each, as long as the window has room. When it
 * is full, the root takes its youngest task back by a sync: as a rule that means to compress this block itself. The
 * others take the oldest tasks, and the oldest block is what the writer waits for, so the window moves on. The order of
 * the output costs no waiting: a finished block is left in the window, and the task that finishes the oldest one writes
 * all that is ready, while the others go on compressing. At the end of the root's syncs all is written.
 *
 * A block is a raw deflate stream with the 32 KiB before it as dictionary, ended by a flush at a whole byte (the last
 * one by the end mark), so that the blocks one after the other are one stream. Of a regular file the tasks read their
 * blocks themselves, side by side; of a pipe the root reads, in order.
 *
 * Who may touch what: a block's buffers belong to the root until its spawn, then to its task, and from `done` on to the
 * writer until it counts the block in `written`. What many tasks use stands behind the lock. No task holds the lock
 * over a spawn or a sync, or while it reads, compresses or writes.
 *
 * Source: the format and the cut are those of Adler's pigz.
 */
#include "block.h"
#include "pgz.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <skua/skua.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WINDOW_PER_WORKER = 8, /* blocks; enough that nobody waits for a block that takes long */
	SPAWNED_MAX = 4096     /* tasks that the root leaves un-synced: 512 MiB of input */
};

struct deflater {
	/* set once */
	int level;
	size_t window_count;
	size_t out_capacity;
	struct block *window; /* block i of the input is window[i % window_count] */
	unsigned char *memory;
	struct compressor *compressor; /* one for each worker */
	unsigned workers;

	/* set before the tasks of an input begin */
	int in, out;
	bool streamed; /* the root reads; else tasks read from start to start + size */
	off_t start, size;

	/* the writer only, that is who has set `writing` */
	uLong crc;
	uint32_t total; /* bytes modulo 2^32, as the trailer wants them */

	/* behind the lock */
	pthread_mutex_t lock;
	uint64_t written; /* blocks */
	bool writing;
	struct pgz_problem problem;
};

static void fail(struct deflater *deflater, const char *what, int error)
{
	pthread_mutex_lock(&deflater->lock);
	if (deflater->problem.what == NULL)
		deflater->problem = (struct pgz_problem){ .what = what, .error = error };
	pthread_mutex_unlock(&deflater->lock);
}

/* How many blocks of the window are taken when the root is at block `next`, or -1 after a failure. */
static int64_t used(struct deflater *deflater, uint64_t next)
{
	pthread_mutex_lock(&deflater->lock);
	int64_t count = deflater->problem.what != NULL ? -1 : (int64_t)(next - deflater->written);
	pthread_mutex_unlock(&deflater->lock);
	return count;
}

/* Of a regular file: reads the block with its dictionary in one go. Returns 0 or a negative errno. */
static int read_block(struct deflater *deflater, struct block *block, uint64_t index)
{
	off_t offset = deflater->start + (off_t)(index * BLOCK_BYTES) - (off_t)block->dictionary_bytes;
	size_t bytes = block->dictionary_bytes + block->data_bytes;
	ssize_t got = pgz_read_at(deflater->in, block->data - block->dictionary_bytes, bytes, offset);
	if (got < 0)
		return (int)got;
	return (size_t)got == bytes ? 0 : -ESTALE; /* somebody cut the file meanwhile */
}

static void write_block(struct deflater *deflater, const struct block *block)
{
	int error = pgz_write(deflater->out, block->out, block->out_bytes);
	if (error < 0)
		fail(deflater, "writing", -error);
	deflater->crc = crc32_combine(deflater->crc, block->crc, (z_off_t)block->data_bytes);
	deflater->total += (uint32_t)block->data_bytes;
}

/* Marks the block and, if it is the oldest and nobody writes, writes it and what is ready behind it. */
static void finish_block(struct deflater *deflater, struct block *block)
{
	pthread_mutex_lock(&deflater->lock);
	block->done = true;
	if (!deflater->writing) {
		struct block *oldest;
		deflater->writing = true;
		while ((oldest = &deflater->window[deflater->written % deflater->window_count])->done &&
		       deflater->problem.what == NULL) {
			pthread_mutex_unlock(&deflater->lock);
			write_block(deflater, oldest);
			pthread_mutex_lock(&deflater->lock);
			oldest->done = false;
			deflater->written++;
		}
		deflater->writing = false;
	}
	pthread_mutex_unlock(&deflater->lock);
}

/* It neither spawns nor syncs, so that the worker, and with it the z_stream, stays the same to its end. */
SKUA_TASK(void, one_block, struct deflater *, deflater, uint64_t, index)
{
	struct block *block = &deflater->window[index % deflater->window_count];
	if (used(deflater, index) < 0)
		return;
	int error = deflater->streamed ? 0 : read_block(deflater, block, index);
	if (error < 0) {
		fail(deflater, "reading", -error);
		return;
	}
	error = block_compress(block, &deflater->compressor[skua_worker_index()], deflater->level,
	                       deflater->out_capacity);
	if (error < 0)
		fail(deflater, "compressing", -error);
	else
		finish_block(deflater, block);
}

/* Of a regular file: says what the task is to read, and asks the kernel to have it ready. */
static void plan_block(struct deflater *deflater, struct block *block, uint64_t index)
{
	off_t offset = (off_t)(index * BLOCK_BYTES);
	off_t rest = deflater->size - offset;
	block->last = rest <= BLOCK_BYTES;
	block->data_bytes = block->last ? (size_t)rest : BLOCK_BYTES;
	block->dictionary_bytes = index > 0 ? DICTIONARY_BYTES : 0;
	posix_fadvise(deflater->in, deflater->start + offset, (off_t)block->data_bytes, POSIX_FADV_WILLNEED);
}

/* Of a pipe: reads the block; its dictionary is the end of the block before it, which is still in the window. */
static void fetch_block(struct deflater *deflater, struct block *block, uint64_t index)
{
	block->dictionary_bytes = 0;
	if (index > 0) {
		const struct block *before = &deflater->window[(index - 1) % deflater->window_count];
		block->dictionary_bytes = DICTIONARY_BYTES;
		memcpy(block->data - DICTIONARY_BYTES, before->data + BLOCK_BYTES - DICTIONARY_BYTES, DICTIONARY_BYTES);
	}
	ssize_t got = pgz_read(deflater->in, block->data, BLOCK_BYTES);
	if (got < 0)
		fail(deflater, "reading", (int)-got);
	block->data_bytes = got < 0 ? 0 : (size_t)got;
	block->last = got < BLOCK_BYTES;
}

SKUA_TASK(void, all_blocks, struct deflater *, deflater)
{
	size_t spawned = 0;
	bool last = false;
	for (uint64_t index = 0; !last; index++) {
		for (; index % SPAWNED_MAX == 0 && spawned > 0; spawned--)
			SKUA_SYNC(one_block);
		int64_t taken;
		while ((taken = used(deflater, index)) >= (int64_t)deflater->window_count) {
			SKUA_SYNC(one_block);
			spawned--;
		}
		if (taken < 0)
			break;
		struct block *block = &deflater->window[index % deflater->window_count];
		if (deflater->streamed)
			fetch_block(deflater, block, index);
		else
			plan_block(deflater, block, index);
		last = block->last;
		SKUA_SPAWN(one_block, deflater, index);
		spawned++;
	}
	for (; spawned > 0; spawned--)
		SKUA_SYNC(one_block);
}

/* Makes the deflater ready for an input. A regular file is read from where the descriptor stands. */
static void begin(struct deflater *deflater, int in, int out)
{
	struct stat status;
	deflater->in = in;
	deflater->out = out;
	deflater->start = lseek(in, 0, SEEK_CUR);
	deflater->size = 0;
	if (deflater->start >= 0 && fstat(in, &status) == 0 && S_ISREG(status.st_mode))
		deflater->size = status.st_size - deflater->start;
	deflater->streamed = deflater->size <= 0; /* also what the kernel makes up and says is empty */
	deflater->crc = crc32(0, NULL, 0);
	deflater->total = 0;
	deflater->written = 0;
	deflater->problem = (struct pgz_problem){ .what = NULL };
	for (size_t i = 0; i < deflater->window_count; i++)
		deflater->window[i].done = false;
}

struct pgz_problem deflater_run(struct deflater *deflater, int in, int out, const struct pgz_header *header)
{
	begin(deflater, in, out);
	int error = pgz_write_header(out, deflater->level, header);
	if (error == 0) {
		SKUA_RUN(all_blocks, deflater);
		if (deflater->problem.what == NULL)
			error = pgz_write_trailer(out, (uint32_t)deflater->crc, deflater->total);
	}
	if (error < 0)
		fail(deflater, "writing", -error);
	if (!deflater->streamed)
		lseek(in, deflater->start + deflater->size, SEEK_SET); /* as if it had been read */
	return deflater->problem;
}

struct deflater *deflater_create(int level, unsigned workers)
{
	struct deflater *deflater = calloc(1, sizeof(*deflater));
	if (deflater == NULL)
		return NULL;
	pthread_mutex_init(&deflater->lock, NULL);
	deflater->level = level;
	deflater->workers = workers;
	deflater->window_count = (size_t)workers * WINDOW_PER_WORKER;
	deflater->out_capacity = block_bound(level);
	size_t in_bytes = DICTIONARY_BYTES + BLOCK_BYTES;
	deflater->window = calloc(deflater->window_count, sizeof(*deflater->window));
	deflater->memory = malloc(deflater->window_count * (in_bytes + deflater->out_capacity));
	deflater->compressor = aligned_alloc(64, workers * sizeof(*deflater->compressor));
	if (deflater->compressor != NULL)
		memset(deflater->compressor, 0, workers * sizeof(*deflater->compressor));
	if (deflater->out_capacity == 0 || deflater->window == NULL || deflater->memory == NULL ||
	    deflater->compressor == NULL) {
		deflater_destroy(deflater);
		return NULL;
	}
	for (size_t i = 0; i < deflater->window_count; i++) {
		unsigned char *memory = deflater->memory + i * (in_bytes + deflater->out_capacity);
		deflater->window[i] = (struct block){ .data = memory + DICTIONARY_BYTES, .out = memory + in_bytes };
	}
	return deflater;
}

void deflater_destroy(struct deflater *deflater)
{
	if (deflater == NULL)
		return;
	for (unsigned i = 0; deflater->compressor != NULL && i < deflater->workers; i++)
		compressor_end(&deflater->compressor[i]);
	pthread_mutex_destroy(&deflater->lock);
	free(deflater->compressor);
	free(deflater->memory);
	free(deflater->window);
	free(deflater);
}
