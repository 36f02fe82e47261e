/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input to one gzip member, with all workers, in bounded memory.
 *
 *     the root task            many tasks                      whoever finishes the oldest block
 *     read, or only look --->  deflate block, its CRC  ------> write it and the finished ones behind it
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
 * one by the end mark), so that the blocks one after the other are one stream. A regular file is mapped, and the tasks
 * read their blocks where they lie; that saves copying, a tenth of the time at level 1. A pipe is read by the root.
 *
 * A lone worker has a window of one block, so that it compresses them in order, each where the one before ended: that
 * spares it the dictionaries, a hundredth of the time.
 *
 * Who may touch what: a block's buffers belong to the root until its spawn, then to its task, and from `done` on to the
 * writer until it counts the block in `written`. What many tasks use stands behind the lock. No task holds the lock
 * over a spawn or a sync, or while it reads, compresses or writes.
 *
 * Source: the format and the cut are those of Adler's pigz.
 */
#include "block.h"
#include "pgz.h"

#include <fcntl.h>
#include <pthread.h>
#include <skua/skua.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
	unsigned char *buffers; /* of a pipe: for each block of the window, behind room for its dictionary */
	unsigned char *outs;    /* where compressed blocks wait */
	struct compressor *compressor; /* one for each worker */
	unsigned workers;

	/* set before the tasks of an input begin */
	int in, out;
	unsigned char *map; /* the file up to end, to be compressed from start; NULL: a pipe */
	off_t start, end;

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
	struct compressor *mine = &deflater->compressor[skua_worker_index()];
	int error = block_compress(block, mine, deflater->level, deflater->out_capacity);
	if (error < 0)
		fail(deflater, "compressing", -error);
	else
		finish_block(deflater, block);
}

/* Of a mapped file: says where the block lies, and asks the kernel to have it ready. */
static void plan_block(struct deflater *deflater, struct block *block, uint64_t index)
{
	off_t offset = deflater->start + (off_t)(index * BLOCK_BYTES);
	off_t rest = deflater->end - offset;
	block->last = rest <= BLOCK_BYTES;
	block->data = deflater->map + offset;
	block->data_bytes = block->last ? (size_t)rest : BLOCK_BYTES;
	block->dictionary_bytes = index > 0 ? DICTIONARY_BYTES : 0;
	posix_fadvise(deflater->in, offset, (off_t)block->data_bytes, POSIX_FADV_WILLNEED);
}

static unsigned char *buffer_of(struct deflater *deflater, uint64_t index)
{
	size_t block = (size_t)(index % deflater->window_count);
	return deflater->buffers + block * (DICTIONARY_BYTES + BLOCK_BYTES) + DICTIONARY_BYTES;
}

/* Of a pipe: reads the block; its dictionary is the end of the block before it, which is still in the window. */
static void fetch_block(struct deflater *deflater, struct block *block, uint64_t index)
{
	unsigned char *buffer = buffer_of(deflater, index);
	block->dictionary_bytes = index > 0 ? DICTIONARY_BYTES : 0;
	if (index > 0) {
		const unsigned char *end = buffer_of(deflater, index - 1) + BLOCK_BYTES;
		memcpy(buffer - DICTIONARY_BYTES, end - DICTIONARY_BYTES, DICTIONARY_BYTES);
	}
	ssize_t got = pgz_read(deflater->in, buffer, BLOCK_BYTES);
	if (got < 0)
		fail(deflater, "reading", (int)-got);
	block->data = buffer;
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
		if (deflater->map != NULL)
			plan_block(deflater, block, index);
		else
			fetch_block(deflater, block, index);
		last = block->last;
		block->follows = index > 0 && deflater->window_count == 1;
		SKUA_SPAWN(one_block, deflater, index);
		spawned++;
	}
	for (; spawned > 0; spawned--)
		SKUA_SYNC(one_block);
}

/* Maps a regular file, which is read from where the descriptor stands. What cannot be mapped is read like a pipe. */
static void map_input(struct deflater *deflater, int in)
{
	struct stat status;
	deflater->map = NULL;
	deflater->start = lseek(in, 0, SEEK_CUR);
	if (deflater->start < 0 || fstat(in, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_size <= deflater->start) /* also what the kernel makes up, and says it is empty */
		return;
	deflater->end = status.st_size;
	void *map = mmap(NULL, (size_t)deflater->end, PROT_READ, MAP_SHARED, in, 0);
	deflater->map = map == MAP_FAILED ? NULL : map;
}

static void unmap_input(struct deflater *deflater, int in)
{
	if (deflater->map == NULL)
		return;
	munmap(deflater->map, (size_t)deflater->end);
	lseek(in, deflater->end, SEEK_SET); /* as if it had been read */
}

/* Makes the deflater ready for an input. */
static void begin(struct deflater *deflater, int in, int out)
{
	map_input(deflater, in);
	deflater->in = in;
	deflater->out = out;
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
	unmap_input(deflater, in);
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
	deflater->window_count = workers > 1 ? (size_t)workers * WINDOW_PER_WORKER : 1;
	deflater->out_capacity = block_bound(level);
	deflater->window = calloc(deflater->window_count, sizeof(*deflater->window));
	deflater->buffers = malloc(deflater->window_count * (DICTIONARY_BYTES + BLOCK_BYTES));
	deflater->outs = malloc(deflater->window_count * deflater->out_capacity);
	deflater->compressor = aligned_alloc(64, workers * sizeof(*deflater->compressor));
	if (deflater->compressor != NULL)
		memset(deflater->compressor, 0, workers * sizeof(*deflater->compressor));
	if (deflater->out_capacity == 0 || deflater->window == NULL || deflater->buffers == NULL ||
	    deflater->outs == NULL || deflater->compressor == NULL) {
		deflater_destroy(deflater);
		return NULL;
	}
	for (size_t i = 0; i < deflater->window_count; i++)
		deflater->window[i].out = deflater->outs + i * deflater->out_capacity;
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
	free(deflater->outs);
	free(deflater->buffers);
	free(deflater->window);
	free(deflater);
}
