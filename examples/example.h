/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the examples need besides skua: their optional size argument, memory that is there, and numbers that look random
 * and are the same in every run. Any thread may call these functions; they share nothing.
 */
#ifndef SKUA_EXAMPLES_EXAMPLE_H
#define SKUA_EXAMPLES_EXAMPLE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The program's only argument, a number from low to high, or `usual` if it has none. Anything else ends it with 2. */
static inline int example_size(int argc, char **argv, int usual, int low, int high)
{
	if (argc == 1)
		return usual;
	char *end = argv[1];
	errno = 0;
	long size = strtol(argv[1], &end, 10);
	if (argc > 2 || end == argv[1] || *end != '\0' || errno != 0 || size < low || size > high) {
		fprintf(stderr, "usage: %s [size], a number from %d to %d (usually %d)\n", argv[0], low, high, usual);
		exit(2);
	}
	return (int)size;
}

/* Zeroed memory for count elements; ends the program if there is none. The caller frees it. */
static inline void *example_memory(size_t count, size_t size_bytes)
{
	void *memory = calloc(count, size_bytes);
	if (memory == NULL) {
		fprintf(stderr, "no memory for %zu elements of %zu bytes\n", count, size_bytes);
		exit(2);
	}
	return memory;
}

/* The next number from 0 to below - 1. The generator is Knuth's 64-bit linear congruential one (MMIX). */
static inline int example_random(uint64_t *state, int below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int)((*state >> 33) % (uint64_t)below);
}

/* Small whole numbers: their sums and products are exact in any order, so that results can be compared for equality. */
static inline void example_fill(double *entry, size_t count)
{
	uint64_t random = 1;
	for (size_t i = 0; i < count; i++)
		entry[i] = example_random(&random, 19) - 9;
}

static inline int example_differ(const double *a, const double *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i] != b[i])
			return 1;
	}
	return 0;
}

#endif
