/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file by pread(2) in plain threads, what the others are measured against: as many threads as workers, the
 * main thread among them, when the file is in the cache, since more would only wait for cores; DEPTH threads when it is
 * cold.
 */
#include "read.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	THREADS_MAX = 1024
};

static const read_plan *current;
static atomic_uint next; /* blocks before it are taken; in pieces of PIECE */

enum {
	PIECE = 16
};

static void *reads(void *arg)
{
	void *buffer = read_buffer(current);
	uint32_t begin;
	while ((begin = atomic_fetch_add(&next, PIECE)) < current->blocks) {
		for (uint32_t i = begin; i < begin + PIECE && i < current->blocks; i++) {
			int64_t offset = read_offset(current, i);
			ptrdiff_t result = pread(current->fd, buffer, current->block_bytes, offset);
			read_check(current, buffer, result < 0 ? -errno : result, offset);
		}
	}
	free(buffer);
	return arg;
}

void read_start(const read_plan *plan)
{
	(void)plan;
}

void read_pass(const read_plan *plan)
{
	pthread_t thread[THREADS_MAX];
	unsigned count = plan->is_cold ? plan->depth : plan->workers;
	current = plan;
	atomic_store(&next, 0);
	if (count > THREADS_MAX)
		read_fail("threads", EINVAL);
	for (unsigned i = 1; i < count; i++) {
		int error = pthread_create(&thread[i], NULL, reads, NULL);
		if (error)
			read_fail("pthread_create", error);
	}
	reads(NULL);
	for (unsigned i = 1; i < count; i++)
		pthread_join(thread[i], NULL);
}
