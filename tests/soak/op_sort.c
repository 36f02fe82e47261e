/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts: elements carry the place that they had, so that keys ascending, places ascending among equal keys, and each
 * key the one that its place had, is one order only.
 */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

typedef struct small {
	uint32_t key, place;
} small;

typedef struct large {
	uint64_t key;
	uint32_t place;
	char ballast[28];
} large;

SKUA_SORT(sort_small, small, a, b, a->key < b->key)
SKUA_SORT(sort_large, large, a, b, a->key < b->key)

static int compare_small(const void *a, const void *b)
{
	uint32_t x = ((const small *)a)->key, y = ((const small *)b)->key;
	return (x > y) - (x < y);
}

static int compare_large(const void *a, const void *b, void *arg)
{
	uint64_t x = ((const large *)a)->key, y = ((const large *)b)->key;
	atomic_fetch_add_explicit((atomic_uint *)arg, 1, memory_order_relaxed);
	return (x > y) - (x < y);
}

/* Many equal, all different, ascending, descending. */
static uint32_t key_of(uint64_t row, size_t i)
{
	switch (row % 4) {
	case 0:
		return (uint32_t)(soak_mix(row, i) % 7);
	case 1:
		return (uint32_t)soak_mix(row, i);
	case 2:
		return (uint32_t)i;
	default:
		return UINT32_MAX - (uint32_t)i;
	}
}

/* Element i, and the one before it if there is one. */
static void check(uint64_t row, size_t i, small now, small before)
{
	SOAK_REQUIRE(now.key == key_of(row, now.place), "element %zu has a key that was never at its place", i);
	if (i > 0)
		SOAK_REQUIRE(before.key < now.key || (before.key == now.key && before.place < now.place),
		             "element %zu is misplaced", i);
}

static void sort_small_ones(soak_op *op, uint64_t row, size_t count)
{
	small *all = soak_memory(count * sizeof *all);
	for (size_t i = 0; i < count; i++)
		all[i] = (small){ key_of(row, i), (uint32_t)i };
	if (soak_chance(op, 2))
		sort_small(all, count);
	else
		skua_sort(all, count, sizeof *all, compare_small);
	for (size_t i = 0; i < count; i++)
		check(row, i, all[i], all[i ? i - 1 : 0]);
	free(all);
}

static void sort_large_ones(soak_op *op, uint64_t row, size_t count)
{
	atomic_uint comparisons = 0;
	large *all = soak_zeroed(count, sizeof *all);
	for (size_t i = 0; i < count; i++) {
		all[i] = (large){ .key = key_of(row, i), .place = (uint32_t)i };
		memset(all[i].ballast, (int)i, sizeof all[i].ballast);
	}
	if (soak_chance(op, 2))
		sort_large(all, count);
	else
		skua_sort_with(all, count, sizeof *all, compare_large, &comparisons);
	unsigned levels = 0;
	while ((size_t)1 << levels < count)
		levels++;
	SOAK_REQUIRE(comparisons <= count * (levels + 1), "%u comparisons for %zu elements", comparisons, count);
	for (size_t i = 0; i < count; i++) {
		const large *before = &all[i ? i - 1 : 0];
		SOAK_REQUIRE(all[i].key <= UINT32_MAX, "element %zu has a key that was never there", i);
		check(row, i, (small){ (uint32_t)all[i].key, all[i].place },
		      (small){ (uint32_t)before->key, before->place });
		SOAK_REQUIRE(all[i].ballast[0] == (char)all[i].place && all[i].ballast[27] == (char)all[i].place,
		             "element %zu has another one's ballast", i);
	}
	free(all);
}

void soak_op_sort(soak_op *op)
{
	uint64_t row = soak_step(&op->row);
	size_t count = soak_draw(op, op->size * 4);
	if (soak_chance(op, 2))
		sort_small_ones(op, row, count);
	else
		sort_large_ones(op, row, count);
}
