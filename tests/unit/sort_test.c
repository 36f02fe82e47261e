/* SPDX-License-Identifier: Apache-2.0 */
/* skua_sort and SKUA_SORT: sorted, stable, complete, whatever the size, the data and the comparison. */
#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <stdlib.h>
#include <string.h>

/* --- what is sorted: a key, and where it was --- */

typedef struct item {
	uint32_t key, place;
} item;

SKUA_SORT(sort_items, item, a, b, a->key < b->key)

static int by_key(const void *a, const void *b)
{
	uint32_t x = ((const item *)a)->key, y = ((const item *)b)->key;
	return (x > y) - (x < y);
}

enum data { RANDOM, ASCENDING, DESCENDING, EQUAL, FEW, SAW, LATE, ALMOST, DATA };

static uint32_t key_of(enum data kind, size_t i, size_t count)
{
	uint32_t random = (uint32_t)((i * 2 + 1) * 2654435761u) ^ (uint32_t)(i * i * 40503u);
	switch (kind) {
	case RANDOM:
		return random;
	case ASCENDING:
		return (uint32_t)i;
	case DESCENDING:
		return (uint32_t)(count - i);
	case EQUAL:
		return 5;
	case FEW:
		return random % 4;
	case SAW:
		return (uint32_t)(i % 1000);
	case LATE: /* in order but for the last one */
		return i + 1 < count ? (uint32_t)i : 0;
	default:
		return i % 97 == 3 ? random : (uint32_t)i;
	}
}

static void check_items(const item *items, size_t count, const char *what, int kind)
{
	for (size_t i = 1; i < count; i++)
		SURELY(items[i - 1].key < items[i].key ||
		               (items[i - 1].key == items[i].key && items[i - 1].place < items[i].place),
		       "%s of %zu, data %d: out of order or not stable at %zu", what, count, kind, i);
}

static const size_t counts[] = { 0, 1, 2, 3, 4, 5, 7, 8, 15, 31, 100, 1023, 1024, 1025, 4097, 10000, 70001 };

static void all_data(void)
{
	item *items = malloc(70001 * sizeof *items);
	for (int kind = 0; kind < DATA; kind++) {
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			size_t count = counts[c];
			for (int typed = 0; typed < 2; typed++) {
				for (size_t i = 0; i < count; i++)
					items[i] = (item){ key_of((enum data)kind, i, count), (uint32_t)i };
				if (typed)
					sort_items(items, count);
				else
					skua_sort(items, count, sizeof *items, by_key);
				check_items(items, count, typed ? "SKUA_SORT" : "skua_sort", kind);
			}
		}
	}
	free(items);
}

Test(sort, all_data_of_all_lengths_stably)
{
	with_workers(1, 3, all_data);
}

SKUA_TASK(void, inside, int, none)
{
	(void)none;
	all_data();
}

Test(sort, inside_a_task)
{
	start(2, false);
	SKUA_RUN(inside, 0);
	skua_stop();
}

/* --- so large that a few of them do not fit on the stack --- */

typedef struct record {
	uint32_t key, place;
	char rest[1000];
} record;

SKUA_SORT(sort_records, record, a, b, a->key < b->key)

static void large_records(void)
{
	static const size_t many[] = { 2, 9, 40, 1000 };
	record *records = malloc(1000 * sizeof *records);
	for (unsigned m = 0; m < 4; m++) {
		for (size_t i = 0; i < many[m]; i++) {
			records[i] = (record){ .key = key_of(FEW, i, many[m]), .place = (uint32_t)i };
			memset(records[i].rest, (int)(i % 100), sizeof records[i].rest);
		}
		sort_records(records, many[m]);
		for (size_t i = 0; i < many[m]; i++) {
			const record *here = &records[i], *before = here - (i > 0);
			SURELY(before->key < here->key || (before->key == here->key && before->place <= here->place),
			       "%zu records: out of order or not stable at %zu", many[m], i);
			SURELY(here->rest[0] == (char)(here->place % 100) && here->rest[999] == here->rest[0],
			       "%zu records: torn at %zu", many[m], i);
		}
	}
	free(records);
}

Test(sort, large_elements)
{
	with_workers(1, 2, large_records);
}

/* --- elements of any size, not aligned: the key in the first two bytes, the place in the next ones --- */

static int by_bytes(const void *a, const void *b, void *arg)
{
	cr_assert_eq(arg, &by_key, "the argument comes through");
	return memcmp(a, b, 1);
}

static void of_size(size_t size, size_t count)
{
	unsigned char *place = malloc(size * count + 1), *base = place + 1;
	for (size_t i = 0; i < count; i++) {
		memset(base + i * size, (int)(i % 251), size);
		base[i * size] = (unsigned char)(i * 7 % 13);
		if (size >= 5)
			memcpy(base + i * size + 1, &(uint32_t){ (uint32_t)i }, 4);
	}
	skua_sort_with(base, count, size, by_bytes, (void *)&by_key);
	for (size_t i = 1; i < count; i++) {
		const unsigned char *left = base + (i - 1) * size, *right = left + size;
		SURELY(left[0] <= right[0], "size %zu: order at %zu", size, i);
		if (size >= 5 && left[0] == right[0]) {
			uint32_t l, r;
			memcpy(&l, left + 1, 4);
			memcpy(&r, right + 1, 4);
			SURELY(l < r, "size %zu: not stable at %zu", size, i);
			for (size_t j = 5; j < size; j++)
				SURELY(right[j] == r % 251, "size %zu: torn at %zu", size, i);
		}
	}
	free(place);
}

static void all_sizes(void)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 8, 12, 16, 17, 40, 47, 48, 49, 64, 200, 1000 };
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		of_size(sizes[s], 5);
		of_size(sizes[s], 3000);
	}
	char nothing;
	skua_sort_with(&nothing, 100, 0, by_bytes, NULL);
}

Test(sort, elements_of_any_size)
{
	with_workers(1, 2, all_sizes);
}

/* --- comparisons that lie --- */

static SK_ATOMIC(uint32_t) lies;

static int always_less(const void *a, const void *b)
{
	(void)a;
	(void)b;
	return -1;
}

static int always_more(const void *a, const void *b)
{
	(void)a;
	(void)b;
	return 1;
}

static int at_random(const void *a, const void *b)
{
	(void)a;
	(void)b;
	uint32_t x = sk_add_relaxed(&lies, 1) * 2654435761u;
	return (int)(x >> 30) - 1;
}

static int in_a_circle(const void *a, const void *b)
{
	uint32_t x = ((const item *)a)->key % 3, y = ((const item *)b)->key % 3;
	return x == y ? 0 : (x + 1) % 3 == y ? -1 : 1;
}

static bool liar_says(const item *a, const item *b)
{
	return at_random(a, b) < 0;
}

SKUA_SORT(sort_by_a_liar, item, a, b, liar_says(a, b))

static void complete(item *items, size_t count)
{
	static unsigned char there[20001];
	memset(there, 0, sizeof there);
	for (size_t i = 0; i < count; i++) {
		SURELY(items[i].place < count && !there[items[i].place], "an element is lost or doubled");
		there[items[i].place] = 1;
	}
}

static void liars(void)
{
	static int (*const all[])(const void *, const void *) = { always_less, always_more, at_random, in_a_circle };
	size_t lengths[] = { 2, 9, 1000, 1024, 20001 };
	item *items = malloc(20001 * sizeof *items);
	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		for (size_t c = 0; c < 5; c++) {
			for (size_t i = 0; i < lengths[l]; i++)
				items[i] = (item){ key_of(RANDOM, i, 0), (uint32_t)i };
			if (c < 4)
				skua_sort(items, lengths[l], sizeof *items, all[c]);
			else
				sort_by_a_liar(items, lengths[l]);
			complete(items, lengths[l]);
		}
	}
	free(items);
}

Test(sort, a_comparison_that_lies_loses_nothing)
{
	with_workers(1, 3, liars);
}

/* Numbers with NaN among them are such a lie. */
SKUA_SORT(sort_doubles, double, a, b, *a < *b)

Test(sort, nan_loses_nothing)
{
	start(2, false);
	static double numbers[5000];
	double sum = 0, expected = 0;
	unsigned nans = 0;
	for (size_t i = 0; i < 5000; i++) {
		numbers[i] = i % 10 == 3 ? __builtin_nan("") : (double)(i * 7919 % 5000);
		expected += i % 10 == 3 ? 0 : numbers[i];
	}
	sort_doubles(numbers, 5000);
	for (size_t i = 0; i < 5000; i++) {
		if (__builtin_isnan(numbers[i]))
			nans++;
		else
			sum += numbers[i];
	}
	cr_assert_eq(nans, 500);
	cr_assert_eq((long)sum, (long)expected);
	skua_stop();
}

/* --- how many comparisons --- */

static int by_key_counted(const void *a, const void *b, void *times)
{
	sk_add_relaxed((crowd_counter *)times, 1);
	return by_key(a, b);
}

/* All but ordered, so that the look whether it is in order already comes to its end in vain. */
static uint32_t key_but_last(size_t i, size_t count)
{
	return i + 1 == count ? 0 : (uint32_t)i + 1;
}

Test(sort, comparisons_are_as_few_as_promised)
{
	start(2, false);
	item *items = malloc(5000 * sizeof *items);
	for (size_t count = 0; count < 5000; count = count < 300 ? count + 1 : count * 5 / 4) {
		for (enum data kind = RANDOM; kind <= DATA; kind++) {
			crowd_counter times = { 0 };
			for (size_t i = 0; i < count; i++) {
				uint32_t key = kind == DATA ? key_but_last(i, count) : key_of(kind, i, count);
				items[i] = (item){ key, (uint32_t)i };
			}
			skua_sort_with(items, count, sizeof *items, by_key_counted, &times);
			/* count * (log2 count + 2), from below */
			size_t log2 = count ? 63u - (unsigned)__builtin_clzll(count) : 0, most = count * (log2 + 2);
			SURELY(sk_load_relaxed(&times) <= most, "%u comparisons for %zu elements, data %d",
			       (unsigned)sk_load_relaxed(&times), count, kind);
			SURELY(kind != ASCENDING || sk_load_relaxed(&times) <= count, "%u comparisons for %zu in order",
			       (unsigned)sk_load_relaxed(&times), count);
		}
	}
	free(items);
	skua_stop();
}

/* --- comparisons that spawn --- */

SKUA_TASK(int, compares, const item *, a, const item *, b)
{
	return by_key(a, b);
}

SKUA_TASK(int, compares_apart, const item *, a, const item *, b)
{
	SKUA_SPAWN(compares, a, b);
	return SKUA_SYNC(compares);
}

static int by_task(const void *a, const void *b)
{
	return SKUA_RUN(compares_apart, a, b);
}

Test(sort, comparisons_may_spawn)
{
	start(3, false);
	static item items[5000];
	for (size_t i = 0; i < 5000; i++)
		items[i] = (item){ key_of(FEW, i, 0), (uint32_t)i };
	skua_sort(items, 5000, sizeof items[0], by_task);
	check_items(items, 5000, "by tasks", FEW);
	skua_stop();
}
