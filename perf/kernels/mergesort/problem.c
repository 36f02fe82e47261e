/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts size random 32-bit keys: regular divide and conquer with leaves of some microseconds, bound by memory. It shows
 * how well the halves spread; spawn cost is invisible here.
 */
#include "problem.h"

#include <stdlib.h>
#include <string.h>

const char kernel_name[] = "mergesort";

uint32_t *mergesort_data;
uint32_t *mergesort_spare;
static uint32_t *input;
static uint64_t input_sum;

static void insertion(uint32_t *data, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint32_t key = data[i];
		size_t at = i;
		for (; at > 0 && data[at - 1] > key; at--)
			data[at] = data[at - 1];
		data[at] = key;
	}
}

void mergesort_leaf(uint32_t *data, size_t count)
{
	uint32_t left[SORT_LEAF / 2];
	if (count <= 16) {
		insertion(data, count);
		return;
	}
	size_t half = count / 2;
	mergesort_leaf(data, half);
	mergesort_leaf(data + half, count - half);
	memcpy(left, data, half * sizeof(*data));
	mergesort_merge(left, half, data + half, count - half, data);
}

void mergesort_merge(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count, uint32_t *out)
{
	const uint32_t *a_end = a + a_count;
	const uint32_t *b_end = b + b_count;
	while (a < a_end && b < b_end) {
		uint32_t x = *a;
		uint32_t y = *b;
		*out++ = y < x ? y : x;
		a += x <= y;
		b += y < x;
	}
	for (; a < a_end; a++)
		*out++ = *a;
	for (; b < b_end; b++)
		*out++ = *b;
}

size_t mergesort_below(const uint32_t *sorted, size_t count, uint32_t key)
{
	size_t low = 0;
	while (count > 0) {
		size_t half = count / 2;
		if (sorted[low + half] < key) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

void kernel_setup(const kernel_params *params)
{
	size_t count = (size_t)params->size;
	size_t bytes = count * sizeof(*input);
	if (!input) {
		input = malloc(bytes + 1);
		mergesort_data = malloc(bytes + 1);
		mergesort_spare = malloc(bytes + 1);
		if (!input || !mergesort_data || !mergesort_spare)
			kernel_fail("no memory for %ld keys", params->size);
		memset(mergesort_spare, 1, bytes);
		uint64_t state = 42;
		for (size_t i = 0; i < count; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			input[i] = (uint32_t)(state >> 32);
			input_sum += input[i];
		}
	}
	memcpy(mergesort_data, input, bytes);
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	size_t count = (size_t)params->size;
	uint64_t sum = count > 0 ? mergesort_data[0] : 0;
	(void)result;
	for (size_t i = 1; i < count; i++) {
		if (mergesort_data[i - 1] > mergesort_data[i])
			kernel_fail("not sorted at %zu", i);
		sum += mergesort_data[i];
	}
	if (sum != input_sum)
		kernel_fail("the sorted keys are not the input");
	return kernel_hash(mergesort_data, count * sizeof(*mergesort_data));
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	(void)result;
	return 0;
}
