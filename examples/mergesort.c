/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mergesort: when the halves are parallel, look at what joins them. Usage: mergesort [count]
 *
 * Sorting the two halves in parallel takes one spawn. But if one worker alone merges them, the last merge walks over
 * the whole array while all others wait. So the merge is divided too: take the middle of the longer run, find its place
 * in the other run by bisection, and merge what lies below and what lies above independently.
 */
#include "example.h"

#include <skua/skua.h>
#include <string.h>

enum { MERGE_SERIALLY = 1000 }; /* a bisection pays only for runs that are much longer than it */

/* Merges the sorted runs a and b. */
SKUA_TASK(void, merge, const int *, a, size_t, a_count, const int *, b, size_t, b_count, int *, to)
{
	if (a_count + b_count <= MERGE_SERIALLY) {
		while (a_count + b_count > 0) {
			int from_b = a_count == 0 || (b_count > 0 && *b < *a);
			*to++ = from_b ? *b++ : *a++;
			*(from_b ? &b_count : &a_count) -= 1;
		}
	} else if (a_count < b_count) {
		SKUA_CALL(merge, b, b_count, a, a_count, to);
	} else {
		size_t half = a_count / 2;
		size_t below = 0; /* becomes the number of elements of b that are less than a[half] */
		for (size_t end = b_count; below < end;) {
			size_t middle = below + (end - below) / 2;
			if (b[middle] < a[half])
				below = middle + 1;
			else
				end = middle;
		}
		SKUA_SPAWN(merge, a, half, b, below, to);
		SKUA_CALL(merge, a + half, a_count - half, b + below, b_count - below, to + half + below);
		SKUA_SYNC(merge);
	}
}

/* Sorts data; the result is left in spare if into_spare, else in data. A task per element is no problem. */
SKUA_TASK(void, sort, int *, data, int *, spare, size_t, count, int, into_spare)
{
	if (count == 1) {
		*spare = *data;
		return;
	}
	size_t half = count / 2;
	SKUA_SPAWN(sort, data, spare, half, !into_spare);
	SKUA_CALL(sort, data + half, spare + half, count - half, !into_spare);
	SKUA_SYNC(sort);
	const int *from = into_spare ? data : spare; /* the sorted halves lie where the result will not */
	SKUA_CALL(merge, from, half, from + half, count - half, into_spare ? spare : data);
}

static int compare(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

int main(int argc, char **argv)
{
	size_t count = (size_t)example_size(argc, argv, 1000000, 1, 100000000);
	int *data = example_memory(3 * count, sizeof(int)); /* and behind it spare and expected */
	int *expected = data + 2 * count;
	uint64_t random = 1;
	for (size_t i = 0; i < count; i++)
		expected[i] = data[i] = example_random(&random, INT32_MAX);

	SKUA_RUN(sort, data, data + count, count, 0);
	qsort(expected, count, sizeof(int), compare);
	int wrong = memcmp(data, expected, count * sizeof(int)) != 0;
	printf("mergesort: %zu numbers, %s\n", count, wrong ? "WRONG: qsort's order differs" : "in the order of qsort");
	free(data);
	return wrong;
}
