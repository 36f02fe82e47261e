/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main of the file readers; see read.h. With the arguments "make FILE BYTES" it makes the file instead.
 */
#include "read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void read_fail(const char *what, int error)
{
	fprintf(stderr, "file reader: %s%s%s\n", what, error ? ": " : "", error ? strerror(error) : "");
	exit(1);
}

static uint64_t word_at(uint64_t offset)
{
	return (offset + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t word_in(const void *buffer, size_t at)
{
	uint64_t word;
	memcpy(&word, (const char *)buffer + at, sizeof word);
	return word;
}

void *read_buffer(const read_plan *plan)
{
	void *buffer;
	int error = posix_memalign(&buffer, 4096, plan->block_bytes);
	if (error)
		read_fail("memory", error);
	return buffer;
}

void read_check(const read_plan *plan, const void *buffer, ptrdiff_t result, int64_t offset)
{
	if (result != (ptrdiff_t)plan->block_bytes)
		read_fail("read", result < 0 ? (int)-result : EIO);
	size_t step = plan->looks_at_all ? sizeof(uint64_t) : plan->block_bytes - sizeof(uint64_t);
	for (size_t at = 0; at < plan->block_bytes; at += step) {
		if (word_in(buffer, at) != word_at((uint64_t)offset + at))
			read_fail("a block is not what it should be", 0);
	}
}

static void make(const char *path, size_t bytes)
{
	enum {
		PIECE = 1 << 16
	};
	static uint64_t piece[PIECE / sizeof(uint64_t)];
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		read_fail(path, errno);
	for (size_t at = 0; at < bytes; at += PIECE) {
		for (size_t i = 0; i < PIECE / sizeof(uint64_t); i++)
			piece[i] = word_at(at + i * sizeof(uint64_t));
		if (write(fd, piece, PIECE) != PIECE)
			read_fail(path, errno);
	}
	if (fsync(fd) < 0 || close(fd) < 0) /* what is not on the disk stays in the cache, also when it is to be cold */
		read_fail(path, errno);
}

static void shuffle(read_plan *plan)
{
	plan->order = malloc(plan->blocks * sizeof *plan->order);
	if (!plan->order)
		read_fail("memory", errno);
	uint64_t state = 1;
	for (uint32_t i = 0; i < plan->blocks; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint32_t other = (uint32_t)((state >> 33) % (i + 1));
		plan->order[i] = plan->order[other];
		plan->order[other] = i;
	}
}

static uint64_t timed_pass(read_plan *plan)
{
	struct timespec begin, end;
	if (plan->is_cold) {
		int error = posix_fadvise(plan->fd, 0, 0, POSIX_FADV_DONTNEED);
		if (error)
			read_fail("posix_fadvise", error);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	read_pass(plan);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (uint64_t)((end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec);
}

static int read_arguments(read_plan *plan, int argc, char **argv)
{
	if (argc != 6 && argc != 7)
		return 0;
	plan->path = argv[1];
	plan->block_bytes = strtoull(argv[2], NULL, 10);
	plan->depth = (unsigned)strtoul(argv[3], NULL, 10);
	plan->passes = (unsigned)strtoul(argv[4], NULL, 10);
	plan->workers = (unsigned)strtoul(argv[5], NULL, 10);
	plan->is_cold = argc == 7 && strcmp(argv[6], "cold") == 0;
	return plan->block_bytes >= 16 && plan->block_bytes % 8 == 0 && plan->depth && plan->passes && plan->workers;
}

int main(int argc, char **argv)
{
	read_plan plan = { .looks_at_all = 1 };
	struct stat status;
	if (argc == 4 && strcmp(argv[1], "make") == 0) {
		make(argv[2], strtoull(argv[3], NULL, 10));
		return 0;
	}
	if (!read_arguments(&plan, argc, argv)) {
		fprintf(stderr, "usage: %s FILE BLOCK DEPTH PASSES WORKERS [cold] | make FILE BYTES\n", argv[0]);
		return 2;
	}
	plan.fd = open(plan.path, O_RDONLY | O_CLOEXEC);
	if (plan.fd < 0 || fstat(plan.fd, &status) < 0)
		read_fail(plan.path, errno);
	plan.blocks = (uint32_t)((size_t)status.st_size / plan.block_bytes);
	plan.file_bytes = plan.blocks * plan.block_bytes;
	if (plan.depth > plan.blocks)
		read_fail("the file has fewer blocks than are to be read at the same time", 0);
	posix_fadvise(plan.fd, 0, 0,
	              POSIX_FADV_RANDOM); /* no reading ahead, so that blocks of a cold file are requests */
	shuffle(&plan);
	read_start(&plan);
	read_pass(&plan);
	plan.looks_at_all = 0;
	printf("%zu", plan.file_bytes);
	for (unsigned i = 0; i < plan.passes; i++)
		printf(" %llu", (unsigned long long)timed_pass(&plan));
	puts("");
	free(plan.order);
	return 0;
}
