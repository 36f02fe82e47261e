/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skua_reduce and skua_reduce_ordered: the total, in order, for operations that are associative and not commutative, of
 * results of any size; and the same bits for any number of workers.
 */
#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <stdlib.h>
#include <string.h>

typedef void reducer(size_t, size_t, void *, size_t, skua_reduce_body, skua_combine, void *);

/* The affine map x -> a x + b, modulo 2^64: composition depends on the order. */
typedef struct map {
	uint64_t a, b;
} map;

static map map_of(size_t i)
{
	return (map){ 2 * i + 3, i * i + 7 };
}

static void then(map *into, const map *next)
{
	into->b = next->a * into->b + next->b;
	into->a *= next->a;
}

static void add_maps(size_t begin, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++) {
		map next = map_of(i);
		then(partial, &next);
	}
}

static void join_maps(void *into, const void *from, void *arg)
{
	(void)arg;
	then(into, from);
}

static void check_maps(reducer *reduce, size_t begin, size_t end)
{
	map expected = { 1, 0 }, total = { 1, 0 };
	if (begin < end)
		add_maps(begin, end, &expected, NULL);
	reduce(begin, end, &total, sizeof total, add_maps, join_maps, NULL);
	SURELY(total.a == expected.a && total.b == expected.b, "[%zu, %zu) is wrong", begin, end);
}

static void all_ranges(void)
{
	static reducer *const both[] = { skua_reduce, skua_reduce_ordered };
	for (size_t r = 0; r < 2; r++) {
		check_maps(both[r], 0, 0);
		check_maps(both[r], 9, 3);
		for (size_t n = 1; n < 200; n += 7)
			check_maps(both[r], n, 2 * n);
		check_maps(both[r], 3, 10000);
		check_maps(both[r], 0, 300000);
	}
}

Test(reduce, in_order_and_complete)
{
	with_workers(1, 4, all_ranges);
}

SKUA_TASK(void, inside, int, none)
{
	(void)none;
	all_ranges();
}

Test(reduce, inside_a_task)
{
	start(3, false);
	SKUA_RUN(inside, 0);
	skua_stop();
}

/* --- large partial results: a histogram of 1000 counters, and a list of what came in which order --- */

typedef struct large {
	uint32_t count[1000];
} large;

static void add_large(size_t begin, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++)
		((large *)partial)->count[i * 31 % 1000]++;
}

static void join_large(void *into, const void *from, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < 1000; i++)
		((large *)into)->count[i] += ((const large *)from)->count[i];
}

static void large_ones(void)
{
	static reducer *const both[] = { skua_reduce, skua_reduce_ordered };
	for (size_t r = 0; r < 2; r++) {
		large *total = calloc(1, sizeof *total);
		both[r](0, 50000, total, sizeof *total, add_large, join_large, NULL);
		for (size_t i = 0; i < 1000; i++)
			SURELY(total->count[i] == 50, "counter %zu is %u", i, total->count[i]);
		free(total);
	}
}

Test(reduce, partial_results_of_any_size)
{
	with_workers(1, 4, large_ones);
}

/* --- bodies that suspend or reduce again --- */

static void sum(size_t begin, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++)
		*(uint64_t *)partial += i;
}

static void join_sums(void *into, const void *from, void *arg)
{
	(void)arg;
	*(uint64_t *)into += *(const uint64_t *)from;
}

static void sums_of_sums(size_t begin, size_t end, void *partial, void *arg)
{
	(void)arg;
	for (size_t i = begin; i < end; i++) {
		uint64_t inner = 0;
		skua_reduce(0, i, &inner, sizeof inner, sum, join_sums, NULL);
		*(uint64_t *)partial += inner;
	}
}

static void nested(void)
{
	uint64_t total = 0, expected = 0;
	for (uint64_t i = 0; i < 300; i++)
		expected += i * (i - 1) / 2 * (i > 0);
	skua_reduce(0, 300, &total, sizeof total, sums_of_sums, join_sums, NULL);
	cr_assert_eq(total, expected);
	total = 0;
	skua_reduce_ordered(0, 300, &total, sizeof total, sums_of_sums, join_sums, NULL);
	cr_assert_eq(total, expected);
}

Test(reduce, within_reductions)
{
	with_workers(1, 4, nested);
}

/* --- the same bits --- */

static double value(size_t i, uint64_t shape)
{
	uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ shape * UINT64_C(0xd1342543de82ef95);
	x ^= x >> 29;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	double scale[] = { 1e-12, 1e-3, 1, 1e6, 1e15 };
	return ((double)(int64_t)x / 9.2e18) * scale[x % 5];
}

static void add_values(size_t begin, size_t end, void *partial, void *arg)
{
	for (size_t i = begin; i < end; i++)
		*(double *)partial += value(i, *(const uint64_t *)arg);
}

static void join_values(void *into, const void *from, void *arg)
{
	(void)arg;
	*(double *)into += *(const double *)from;
}

#define SHAPES 100u

Test(reduce, ordered_gives_the_same_bits_with_any_number_of_workers)
{
	static const unsigned workers[] = { 1, 2, 3, 8, 64 };
	static double first[SHAPES];
	for (size_t w = 0; w < sizeof(workers) / sizeof(workers[0]); w++) {
		start(workers[w], false);
		for (uint64_t shape = 0; shape < SHAPES; shape++) {
			size_t begin = (size_t)(shape * 7919 % 1000), count = (size_t)(shape * shape * 3 + shape % 17);
			double total = 0;
			skua_reduce_ordered(begin, begin + count, &total, sizeof total, add_values, join_values,
			                    &shape);
			if (w == 0)
				first[shape] = total;
			SURELY(memcmp(&total, &first[shape], sizeof total) == 0,
			       "%u workers, shape %d: %.17g, with one worker %.17g", workers[w], (int)shape, total,
			       first[shape]);
		}
		skua_stop();
	}
}
