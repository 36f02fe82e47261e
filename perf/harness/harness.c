/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main of every kernel: reads its parameters, starts the runtime and answers the driver's "go" lines. kernel.h tells
 * the protocol. Everything here runs on the main thread, between the timed parts.
 */
#include "kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t kernel_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t kernel_hash(const void *data, size_t bytes)
{
	const unsigned char *at = data;
	uint64_t hash = 0xcbf29ce484222325u;
	while (bytes > 0) {
		uint64_t word = 0;
		size_t take = bytes < sizeof(word) ? bytes : sizeof(word);
		memcpy(&word, at, take);
		hash = (hash ^ word) * 0x100000001b3u;
		hash = hash << 29 | hash >> 35; /* else the highest bits of two words could cancel each other */
		at += take;
		bytes -= take;
	}
	return hash;
}

void *kernel_memory(size_t count, size_t size)
{
	void *memory = NULL;
	if (count > SIZE_MAX / size || posix_memalign(&memory, 4096, count * size) != 0)
		kernel_fail("no memory for %zu times %zu bytes", count, size);
	return memory;
}

void kernel_sample(const char *name, double value)
{
	printf("sample %s %.9g\n", name, value);
}

void kernel_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("fail ", stdout);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
	_Exit(1);
}

/* Runs once and tells the time and what came out. */
static void run_once(const kernel_params *params)
{
	kernel_setup(params);
	uint64_t start = kernel_now_ns();
	uint64_t result = kernel_run(params);
	uint64_t end = kernel_now_ns();
	uint64_t checksum = kernel_check(params, result);
	uint64_t tasks = kernel_tasks(params, result);
	printf("run %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", end - start, checksum, tasks);
}

static long number(const char *text, const char *what, long least)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < least) {
		fprintf(stderr, "%s: %s=%s: not a number from %ld on\n", kernel_name, what, text, least);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: %s <size> <variant> <workers>   (skua-bench starts this program)\n", argv[0]);
		return 2;
	}
	kernel_params params = { .variant = argv[2] };
	params.size = number(argv[1], "size", 0);
	params.workers = (unsigned)number(argv[3], "workers", 1);

	uint64_t start = kernel_now_ns();
	kernel_start(&params);
	printf("ready %" PRIu64 " %s %s\n", kernel_now_ns() - start, kernel_runtime, kernel_compiler);
	fflush(stdout);

	char line[64];
	unsigned repeat;
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "go %u", &repeat) != 1) {
			fprintf(stderr, "%s: not understood: %s", kernel_name, line);
			return 2;
		}
		for (unsigned i = 0; i < repeat; i++)
			run_once(&params);
		puts("end");
		fflush(stdout);
	}
	return 0;
}
