/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loops: a day in the life of an array. Usage: loops [n]
 *
 * Fills an array, sums it up, counts what is in it, sorts it and adds up its prefixes, each by one parallel loop. A
 * body gets a piece of the range and is an ordinary loop over it; how the range is cut is not its business.
 *
 * A sum needs a place that two pieces do not write at once: skua_reduce gives each its own and joins them. A histogram
 * is too large to be copied so often: skua_local keeps one for each worker.
 */
#include "example.h"

#include <skua/skua.h>

enum { DIGITS = 10 };

static void fill(size_t begin, size_t end, void *arg)
{
	uint32_t *numbers = arg;
	for (size_t i = begin; i < end; i++)
		numbers[i] = (uint32_t)(i * 2654435761u) >> 12;
}

typedef struct histogram {
	uint64_t count[DIGITS];
} histogram;

typedef struct input {
	const uint32_t *numbers;
	skua_local *histograms;
} input;

static void sum(size_t begin, size_t end, void *partial, void *arg)
{
	const input *in = arg;
	for (size_t i = begin; i < end; i++)
		*(uint64_t *)partial += in->numbers[i];
}

static void add(void *into, const void *from, void *arg)
{
	(void)arg;
	*(uint64_t *)into += *(const uint64_t *)from;
}

static void count_digits(size_t begin, size_t end, void *arg)
{
	const input *in = arg;
	histogram *mine = skua_local_mine(in->histograms);
	for (size_t i = begin; i < end; i++)
		mine->count[in->numbers[i] % DIGITS]++;
}

static void add_histogram(void *instance, void *arg)
{
	for (int digit = 0; digit < DIGITS; digit++)
		((histogram *)arg)->count[digit] += ((const histogram *)instance)->count[digit];
}

SKUA_SORT(sort_numbers, uint32_t, a, b, *a < *b)

int main(int argc, char **argv)
{
	size_t n = (size_t)example_size(argc, argv, 1000000, 1, 100000000);
	uint32_t *numbers = example_memory(n, sizeof *numbers);
	uint64_t *prefixes = example_memory(n, sizeof *prefixes), total = 0, zero = 0, counted = 0;
	input in = { numbers, skua_local_create(sizeof(histogram), NULL, NULL) };
	histogram digits = { { 0 } };

	skua_for(0, n, fill, numbers);
	skua_reduce(0, n, &total, sizeof total, sum, add, &in);
	skua_for(0, n, count_digits, &in);
	skua_local_each(in.histograms, add_histogram, &digits);
	sort_numbers(numbers, n);
	for (size_t i = 0; i < n; i++)
		prefixes[i] = numbers[i];
	skua_scan(prefixes, prefixes, n, sizeof *prefixes, &zero, add, NULL);

	int wrong = prefixes[n - 1] != total;
	for (int digit = 0; digit < DIGITS; digit++)
		counted += digits.count[digit];
	for (size_t i = 1; i < n; i++)
		wrong |= numbers[i - 1] > numbers[i];
	wrong |= counted != n;
	printf("loops: %zu numbers, their sum %llu, %s\n", n, (unsigned long long)total, wrong ? "WRONG" : "right");
	skua_local_destroy(in.histograms);
	free(prefixes);
	free(numbers);
	return wrong;
}
