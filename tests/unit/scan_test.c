/* SPDX-License-Identifier: Apache-2.0 */
/* skua_scan and skua_scan_blocks: every prefix, in order, also over the input itself. */
#include "crowd.h"
#include "started.h"

#include <criterion/criterion.h>
#include <skua/skua.h>
#include <stdlib.h>
#include <string.h>

/* x -> a x + b modulo 2^64: composition is associative and depends on the order. */
typedef struct map {
	uint64_t a, b;
} map;

static const map identity = { 1, 0 };

static void join_maps(void *into, const void *from, void *arg)
{
	map *left = into;
	const map *right = from;
	(void)arg;
	left->b = right->a * left->b + right->b;
	left->a *= right->a;
}

static map *maps(size_t count)
{
	map *all = malloc((count + 1) * sizeof *all);
	cr_assert(all);
	for (size_t i = 0; i < count; i++)
		all[i] = (map){ 2 * i + 3, i * i + 7 };
	return all;
}

static void check(const map *in, const map *out, size_t count)
{
	map running = identity;
	for (size_t i = 0; i < count; i++) {
		join_maps(&running, &in[i], NULL);
		SURELY(out[i].a == running.a && out[i].b == running.b, "%zu elements: prefix %zu is wrong", count, i);
	}
}

static void scan_of(size_t count)
{
	map *in = maps(count), *out = maps(count);
	skua_scan(out, in, count, sizeof *in, &identity, join_maps, NULL);
	check(in, out, count);
	memcpy(out, in, count * sizeof *in);
	skua_scan(out, out, count, sizeof *in, &identity, join_maps, NULL);
	check(in, out, count);
	free(in);
	free(out);
}

static void all_counts(void)
{
	for (size_t count = 0; count < 70; count++)
		scan_of(count);
	scan_of(1000);
	scan_of(12345);
	scan_of(200000);
}

Test(scan, every_prefix)
{
	with_workers(1, 4, all_counts);
}

SKUA_TASK(void, inside, int, none)
{
	(void)none;
	all_counts();
}

Test(scan, inside_a_task)
{
	start(3, false);
	SKUA_RUN(inside, 0);
	skua_stop();
}

/* --- by blocks --- */

typedef struct blocks {
	const map *in;
	map *out;
	SK_ATOMIC(uint32_t) * scanned;
} blocks;

static void sum(size_t begin, size_t end, void *partial, void *arg)
{
	const blocks *b = arg;
	for (size_t i = begin; i < end; i++)
		join_maps(partial, &b->in[i], NULL);
}

static void scan(size_t begin, size_t end, void *partial, void *arg)
{
	const blocks *b = arg;
	for (size_t i = begin; i < end; i++) {
		join_maps(partial, &b->in[i], NULL);
		b->out[i] = *(const map *)partial;
		sk_add_relaxed(&b->scanned[i], 1);
	}
}

static void by_blocks(void)
{
	size_t count = 30000;
	blocks b = { maps(count), maps(count), calloc(count, sizeof(b.scanned[0])) };
	skua_scan_blocks(0, count, &identity, sizeof identity, sum, scan, join_maps, &b);
	check(b.in, b.out, count);
	for (size_t i = 0; i < count; i++)
		SURELY(sk_load_relaxed(&b.scanned[i]) == 1, "%zu was scanned %u times", i,
		       sk_load_relaxed(&b.scanned[i]));
	skua_scan_blocks(7, 7, &identity, sizeof identity, sum, scan, join_maps, &b);
	free((void *)(uintptr_t)b.in);
	free(b.out);
	free((void *)b.scanned);
}

Test(scan, each_block_is_scanned_once)
{
	with_workers(1, 4, by_blocks);
}

/* --- elements larger than what lies on the stack --- */

typedef struct wide {
	uint32_t sum[200];
} wide;

static void join_wide(void *into, const void *from, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < 200; i++)
		((wide *)into)->sum[i] += ((const wide *)from)->sum[i];
}

static void wide_ones(void)
{
	size_t count = 300;
	wide *in = calloc(count, sizeof *in), none = { { 0 } };
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < 200; j++)
			in[i].sum[j] = (uint32_t)(i + j);
	skua_scan(in, in, count, sizeof *in, &none, join_wide, NULL);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < 200; j++)
			SURELY(in[i].sum[j] == i * (i + 1) / 2 + (i + 1) * j, "element %zu", i);
	free(in);
}

Test(scan, elements_of_any_size)
{
	with_workers(1, 3, wide_ones);
}
